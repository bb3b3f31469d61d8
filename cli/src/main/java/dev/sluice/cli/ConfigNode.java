package dev.sluice.cli;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A value in a configuration file, which knows where it stands. */
sealed interface ConfigNode {
  /** Its key, such as {@code databases[1].store}; empty for the whole file. */
  String path();

  /** Counted from 1; 0 for the whole file. */
  int line();

  /** One value, as it is written. */
  record Text(String path, int line, String text) implements ConfigNode {}

  /** A list. */
  record Items(String path, int line, List<ConfigNode> items) implements ConfigNode {}

  /** Keys with values. */
  record Keys(String path, int line, Map<String, ConfigNode> keys) implements ConfigNode {}

  /** A key without a value. */
  record Nothing(String path, int line) implements ConfigNode {}

  /**
   * What the tokens of a file say; null when there are none.
   *
   * @throws ConfigFault when a key is given twice
   */
  static @Nullable ConfigNode read(JsonParser tokens) throws IOException {
    return tokens.nextToken() == null ? null : read(tokens, "", 0);
  }

  private static ConfigNode read(JsonParser tokens, String path, int line) throws IOException {
    if (tokens.currentToken() == JsonToken.START_OBJECT) {
      return new Keys(path, line, keys(tokens, path));
    }
    if (tokens.currentToken() == JsonToken.START_ARRAY) {
      List<ConfigNode> items = new ArrayList<>();
      while (tokens.nextToken() != JsonToken.END_ARRAY) {
        items.add(read(tokens, path + "[" + (items.size() + 1) + "]", lineOf(tokens)));
      }
      return new Items(path, line, items);
    }
    return tokens.currentToken() == JsonToken.VALUE_NULL
        ? new Nothing(path, line)
        : new Text(path, line, tokens.getText());
  }

  private static Map<String, ConfigNode> keys(JsonParser tokens, String path) throws IOException {
    Map<String, ConfigNode> keys = new LinkedHashMap<>();
    while (tokens.nextToken() != JsonToken.END_OBJECT) {
      String key = tokens.currentName();
      int line = lineOf(tokens);
      tokens.nextToken();
      ConfigNode value = read(tokens, path.isEmpty() ? key : path + "." + key, line);
      if (keys.put(key, value) != null) {
        throw new ConfigFault(line, "", "key '" + key + "' is given twice", "keep one of them");
      }
    }
    return keys;
  }

  private static int lineOf(JsonParser tokens) {
    return tokens.currentTokenLocation().getLineNr();
  }
}
