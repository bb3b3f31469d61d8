package dev.sluice.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The JSON schema of a configuration, for editors. Stateless. */
final class ConfigSchema {
  private ConfigSchema() {}

  /** The whole. Draft 7, which the language servers of editors know. */
  static Map<String, Object> whole() {
    Map<String, Object> schema = new LinkedHashMap<>();
    schema.put("$schema", "http://json-schema.org/draft-07/schema#");
    schema.put("title", "Configuration of Sluice");
    schema.putAll(ofKeys(SluiceConfig.KEYS));
    return schema;
  }

  static Map<String, Object> ofKeys(List<ConfigKey<?>> keys) {
    Map<String, Object> properties = new LinkedHashMap<>();
    keys.forEach(key -> properties.put(key.name(), ofKey(key)));
    Map<String, Object> schema = new LinkedHashMap<>();
    schema.put("type", "object");
    schema.put("additionalProperties", false);
    schema.put("properties", properties);
    List<String> required =
        keys.stream().filter(ConfigKey::isRequired).map(ConfigKey::name).toList();
    if (!required.isEmpty()) {
      schema.put("required", required);
    }
    return schema;
  }

  private static <T> Map<String, Object> ofKey(ConfigKey<T> key) {
    Map<String, Object> schema = new LinkedHashMap<>();
    schema.put("description", ConfigDocs.plain(key.description()));
    T fallback = key.fallback();
    if (fallback != null) {
      schema.put("default", key.type().write(fallback));
    }
    key.type().schema().forEach(schema::putIfAbsent);
    return schema;
  }
}
