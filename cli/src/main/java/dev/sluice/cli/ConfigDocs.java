package dev.sluice.cli;

import java.util.List;

/** The tables of {@code docs/configuration.md}, between two comments there. Stateless. */
final class ConfigDocs {
  static final String BEGIN = "<!-- keys: from here made by 'sluice config docs' -->\n";
  static final String END = "<!-- keys: to here -->\n";

  private ConfigDocs() {}

  /**
   * The page with its tables made anew.
   *
   * @throws IllegalArgumentException when it does not say where they are
   */
  static String updated(String page) {
    int begin = page.indexOf(BEGIN);
    int end = page.indexOf(END);
    if (begin < 0 || end < begin) {
      throw new IllegalArgumentException(
          "no lines '" + BEGIN.strip() + "' and '" + END.strip() + "' in it");
    }
    return page.substring(0, begin + BEGIN.length()) + tables() + page.substring(end);
  }

  private static String tables() {
    StringBuilder text = new StringBuilder(table(SluiceConfig.KEYS, true));
    for (ConfigKey<?> key : SluiceConfig.KEYS) {
      if (!key.type().keys().isEmpty()) {
        text.append("\nKeys of ")
            .append(key.type().isList() ? "an entry of " : "")
            .append('`')
            .append(key)
            .append("`:\n\n")
            .append(table(key.type().keys(), false));
      }
    }
    return text.toString();
  }

  private static String table(List<ConfigKey<?>> keys, boolean whole) {
    StringBuilder text = new StringBuilder();
    text.append(
        whole
            ? "| key | flag | type | default | reload | what it is |\n|---|---|---|---|---|---|\n"
            : "| key | type | default | what it is |\n|---|---|---|---|\n");
    for (ConfigKey<?> key : keys) {
      text.append("| `").append(key).append("` | ");
      if (whole) {
        text.append(flag(key)).append(" | ");
      }
      text.append(key.type().label()).append(" | ").append(fallback(key)).append(" | ");
      if (whole) {
        text.append(key.isReloadable() ? "yes" : "").append(" | ");
      }
      text.append(key.description()).append(" |\n");
    }
    return text.toString();
  }

  private static <T> String flag(ConfigKey<T> key) {
    ConfigKey.Flag<T> flag = key.flag();
    return flag == null ? "" : "`" + flag.name() + "`";
  }

  private static <T> String fallback(ConfigKey<T> key) {
    if (key.isRequired()) {
      return "must be given";
    }
    T value = key.fallback();
    return key.fallbackText().isEmpty() && value != null
        ? "`" + word(key.type().write(value)) + "`"
        : key.fallbackText();
  }

  /** A value on one line. */
  static String word(Object written) {
    return String.valueOf(written);
  }

  /** Markdown without its marks. */
  static String plain(String markdown) {
    return markdown.replaceAll("\\[([^\\]\\[]*)]\\([^)]*\\)", "$1").replace("`", "");
  }
}
