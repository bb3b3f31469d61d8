package dev.sluice.store.opendal;

import dev.sluice.store.Keys;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.apache.opendal.OpenDALException;
import org.apache.opendal.Operator;

/**
 * Metadata of objects, each in an object beside it: {@code a/.sluice-meta/b.meta} is that of {@code
 * a/b}, one {@code name: value} a line. {@code DirectoryStore} has the same layout.
 */
final class Sidecars {
  private final Operator operator;

  Sidecars(Operator operator) {
    this.operator = operator;
  }

  private static String of(String key) {
    int slash = key.lastIndexOf('/') + 1;
    return key.substring(0, slash) + Keys.RESERVED + "meta/" + key.substring(slash) + ".meta";
  }

  Map<String, String> read(String key) {
    Map<String, String> metadata = new TreeMap<>();
    try {
      String text = new String(operator.read(of(key)), StandardCharsets.US_ASCII);
      for (String line : text.split("\n", -1)) {
        int colon = line.indexOf(": ");
        if (colon > 0) {
          metadata.put(line.substring(0, colon), line.substring(colon + 2));
        }
      }
    } catch (OpenDALException e) {
      if (!OpenDalStore.isAbsent(e)) {
        throw e;
      }
    }
    return metadata;
  }

  void write(String key, Map<String, String> metadata) {
    if (metadata.isEmpty()) {
      return;
    }
    StringBuilder text = new StringBuilder();
    new TreeMap<>(metadata)
        .forEach((name, value) -> text.append(name).append(": ").append(value).append('\n'));
    operator.write(of(key), text.toString().getBytes(StandardCharsets.US_ASCII));
  }

  void delete(String key) {
    try {
      operator.delete(of(key));
    } catch (OpenDALException e) {
      if (!OpenDalStore.isAbsent(e)) {
        throw e;
      }
    }
  }
}
