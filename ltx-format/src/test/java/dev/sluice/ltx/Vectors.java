package dev.sluice.ltx;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Files that another implementation wrote, and what is in them. */
final class Vectors {
  /** One file; what the manifest says of it. */
  record Vector(String file, JsonNode expected) {
    byte[] bytes() {
      return Vectors.bytes(file);
    }

    String text(String field) {
      return Objects.requireNonNull(expected.get(field), field).asText();
    }

    long hex(String field) {
      return Txid.parse(text(field));
    }

    @Override
    public String toString() {
      return file;
    }
  }

  private Vectors() {}

  static List<Vector> all() {
    List<Vector> vectors = new ArrayList<>();
    try {
      for (JsonNode entry : new ObjectMapper().readTree(bytes("manifest.json"))) {
        vectors.add(new Vector(entry.get("file").asText(), entry));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return vectors;
  }

  static byte[] bytes(String file) {
    try (InputStream in =
        Objects.requireNonNull(Vectors.class.getResourceAsStream("/ltx-v3/" + file), file)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
