package dev.sluice.restore;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/** Replicas that Litestream wrote, and what its own restore gave of them. */
public final class Vectors {
  private Vectors() {}

  static JsonNode expected(String replica) throws IOException {
    return new ObjectMapper().readTree(resource(replica + "/expected.json").toFile());
  }

  /** A copy of a replica, its files with the times they had. */
  public static Path copy(String replica, Path directory) throws IOException {
    Path from = resource(replica + "/replica");
    try (Stream<Path> paths = Files.walk(from)) {
      for (Path path : paths.toList()) {
        Path to = directory.resolve(from.relativize(path).toString());
        if (Files.isDirectory(path)) {
          Files.createDirectories(to);
        } else {
          Files.copy(path, to);
        }
      }
    }
    for (Map.Entry<String, JsonNode> file : expected(replica).get("mtimesMillis").properties()) {
      Files.setLastModifiedTime(
          directory.resolve(file.getKey()), FileTime.fromMillis(file.getValue().longValue()));
    }
    return directory;
  }

  static String sha256(Path file) throws IOException {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
      return HexFormat.of().formatHex(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Path resource(String name) {
    try {
      URL url = Objects.requireNonNull(Vectors.class.getResource("/" + name), name);
      return Path.of(url.toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}
