package dev.sluice.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Makes settings of what is written: {@code ${NAME}} stands for an environment variable, {@code
 * ${NAME:-text}} for the text where it is not set or empty, {@code ${file:PATH}} for what a file
 * has, and {@code $${NAME}} for itself with one dollar; relative paths are relative to a directory.
 * One thread.
 */
final class ConfigReader {
  private static final Pattern REFERENCE = Pattern.compile("\\$(\\$)?\\{([^}]*)}");
  private static final String FROM_FILE = "file:";
  private static final String OR_ELSE = ":-";

  private final Path directory;
  private final Function<String, @Nullable String> environment;

  /** What the present key takes from the environment. */
  private final Set<String> variables = new LinkedHashSet<>();

  ConfigReader(Path directory, Function<String, @Nullable String> environment) {
    this.directory = directory;
    this.environment = environment;
  }

  /** For the words of a command line: the shell has filled in what it takes from elsewhere. */
  static ConfigReader ofFlags() {
    return new ConfigReader(Path.of(""), name -> null);
  }

  /**
   * All that {@code root} says, with each fault in it.
   *
   * @param faults are added to
   */
  Settings readAll(ConfigNode.Keys root, List<ConfigKey<?>> known, List<ConfigFault> faults) {
    Settings settings = Settings.NONE;
    for (Map.Entry<String, ConfigNode> entry : root.keys().entrySet()) {
      try {
        settings = settings.overriddenBy(setting(entry.getKey(), entry.getValue(), known));
      } catch (ConfigFault fault) {
        faults.add(fault);
      }
    }
    return settings;
  }

  /**
   * What a value that is made of keys says.
   *
   * @throws ConfigFault for the first thing that makes no sense
   */
  Settings read(ConfigNode node, List<ConfigKey<?>> known) {
    if (!(node instanceof ConfigNode.Keys keys)) {
      throw new ConfigFault(
          node,
          "expected keys: " + String.join(", ", known.stream().map(ConfigKey::name).toList()));
    }
    Settings settings = Settings.NONE;
    for (Map.Entry<String, ConfigNode> entry : keys.keys().entrySet()) {
      settings = settings.overriddenBy(setting(entry.getKey(), entry.getValue(), known));
    }
    for (ConfigKey<?> key : known) {
      if (key.isRequired() && !settings.has(key)) {
        throw new ConfigFault(node, "'" + key + "' is missing");
      }
    }
    return settings;
  }

  private Settings setting(String name, ConfigNode node, List<ConfigKey<?>> known) {
    for (ConfigKey<?> key : known) {
      if (key.name().equals(name)) {
        return node instanceof ConfigNode.Nothing ? Settings.NONE : setting(key, node);
      }
    }
    throw new ConfigFault(node.line(), "", "unknown key '" + name + "'", nearest(name, known));
  }

  private <T> Settings setting(ConfigKey<T> key, ConfigNode node) {
    // A key within another is read while that is: its variables are those of both.
    if (!node.path().contains(".") && !node.path().contains("[")) {
      variables.clear();
    }
    T value = key.type().read(node, this);
    try {
      key.check(value);
    } catch (ConfigFault e) {
      throw e;
    } catch (IllegalArgumentException e) {
      throw new ConfigFault(node, String.valueOf(e.getMessage()));
    }
    return Settings.of(key, value, ConfigSource.line(node.line(), List.copyOf(variables)));
  }

  /** A value that is one word or text, with what it takes from elsewhere. */
  <T> T scalar(ConfigNode node, Function<String, T> parse) {
    if (!(node instanceof ConfigNode.Text text)) {
      throw new ConfigFault(node, "expected one value, not a list or a map");
    }
    try {
      return parse.apply(substituted(text.text()));
    } catch (IllegalArgumentException e) {
      // What a file has may be a secret, and messages show what is wrong with a value.
      throw new ConfigFault(
          node,
          text.text().contains("${" + FROM_FILE) && !(e instanceof Unresolved)
              ? "what " + text.text() + " stands for makes no sense here"
              : String.valueOf(e.getMessage()));
    }
  }

  Path resolve(String path) {
    return directory.resolve(path);
  }

  /** A reference that leads nowhere. */
  private static final class Unresolved extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    Unresolved(String what) {
      super(what);
    }
  }

  private String substituted(String text) {
    return REFERENCE
        .matcher(text)
        .replaceAll(
            found ->
                Matcher.quoteReplacement(
                    found.group(1) != null ? found.group().substring(1) : value(found.group(2))));
  }

  private String value(String reference) {
    if (reference.startsWith(FROM_FILE)) {
      return content(reference.substring(FROM_FILE.length()));
    }
    int orElse = reference.indexOf(OR_ELSE);
    String name = orElse < 0 ? reference : reference.substring(0, orElse);
    String value = environment.apply(name);
    if (orElse >= 0 && (value == null || value.isEmpty())) {
      return reference.substring(orElse + OR_ELSE.length());
    }
    if (value == null) {
      throw new Unresolved(
          "the environment variable '"
              + name
              + "' is not set (${"
              + name
              + ":-text} would stand for text then)");
    }
    variables.add(name);
    return value;
  }

  private String content(String path) {
    try {
      return Files.readString(directory.resolve(path), StandardCharsets.UTF_8).stripTrailing();
    } catch (IOException e) {
      throw new Unresolved("'" + path + "' can't be read: " + Errors.line(e));
    }
  }

  private static String nearest(String unknown, List<ConfigKey<?>> known) {
    List<String> names = new ArrayList<>(known.stream().map(ConfigKey::name).sorted().toList());
    return names.stream()
        .min(Comparator.comparingInt(key -> distance(unknown, key)))
        .filter(key -> distance(unknown, key) <= Math.max(2, key.length() / 3))
        .map(key -> "did you mean '" + key + "'?")
        .orElse("known are " + String.join(", ", names));
  }

  /** How many letters must be put in, left out or changed to make one of the other. */
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int change = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(change, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}
