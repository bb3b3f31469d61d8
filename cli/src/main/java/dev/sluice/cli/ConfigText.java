package dev.sluice.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Configurations as YAML, as {@link ConfigFile} reads it. No secret is in them: only where they
 * are. Stateless.
 */
final class ConfigText {
  /** Where comments begin, when values are short. */
  private static final int COMMENT_COLUMN = 40;

  private ConfigText() {}

  /** A mapper that writes as people do. */
  static YAMLMapper mapper() {
    return YAMLMapper.builder()
        .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
        .disable(YAMLGenerator.Feature.SPLIT_LINES)
        .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
        .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
        .enable(YAMLGenerator.Feature.INDENT_ARRAYS_WITH_INDICATOR)
        .build();
  }

  /**
   * What is in effect, with defaults, and where each comes from as a comment; without what has no
   * value and no default.
   */
  static String of(SluiceConfig config) throws JsonProcessingException {
    StringBuilder text = new StringBuilder();
    for (ConfigKey<?> key : SluiceConfig.KEYS) {
      Object value = value(key, config.said());
      if (value != null) {
        text.append(
            commented(
                mapper().writeValueAsString(Map.of(key.name(), value)),
                config.said().source(key).where()));
      }
    }
    return text.toString();
  }

  /** With a comment at the end of the first line. */
  private static String commented(String yaml, String comment) {
    int end = yaml.indexOf('\n');
    String line = yaml.substring(0, end);
    return line
        + " ".repeat(Math.max(2, COMMENT_COLUMN - line.length()))
        + "# "
        + comment
        + yaml.substring(end);
  }

  /** The same for programs: {@code {"sync-interval": {"value": "1s", "source": "default"}}}. */
  static Map<String, Object> fields(SluiceConfig config) {
    Map<String, Object> fields = new LinkedHashMap<>();
    for (ConfigKey<?> key : SluiceConfig.KEYS) {
      Object value = value(key, config.said());
      if (value != null) {
        ConfigSource source = config.said().source(key);
        Map<String, Object> field = new LinkedHashMap<>();
        field.put("value", value);
        field.put("source", source.kind().name().toLowerCase(Locale.ROOT));
        field.put("where", source.where());
        fields.put(key.name(), field);
      }
    }
    return fields;
  }

  /** What is said of a key, or its default, as it is written; null for nothing. */
  static <T> @Nullable Object value(ConfigKey<T> key, Settings settings) {
    T value = settings.find(key);
    return value == null ? null : key.type().write(value);
  }
}
