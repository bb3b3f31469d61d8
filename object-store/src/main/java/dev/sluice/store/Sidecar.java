package dev.sluice.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;

/**
 * The metadata of a file in a {@link DirectoryStore}, in a file beside it that others who list the
 * directory take for nothing of theirs. Changed only under the directory's lock.
 */
final class Sidecar {
  private static final String DIRECTORY = Keys.RESERVED + "meta";

  private Sidecar() {}

  private static Path of(Path file) {
    return DirectoryStore.parent(file).resolve(DIRECTORY).resolve(file.getFileName() + ".meta");
  }

  /** The metadata of a file; empty if it has none. */
  static Map<String, String> read(Path file) throws IOException {
    try {
      Map<String, String> metadata = new TreeMap<>();
      for (String line : Files.readAllLines(of(file), StandardCharsets.US_ASCII)) {
        int colon = line.indexOf(": ");
        if (colon > 0) {
          metadata.put(line.substring(0, colon), line.substring(colon + 2));
        }
      }
      return metadata;
    } catch (NoSuchFileException e) {
      return Map.of();
    }
  }

  static void write(Path file, Map<String, String> metadata) throws IOException {
    if (metadata.isEmpty()) {
      delete(file);
      return;
    }
    StringBuilder text = new StringBuilder();
    new TreeMap<>(metadata)
        .forEach((name, value) -> text.append(name).append(": ").append(value).append('\n'));
    Path sidecar = of(file);
    Path directory = DirectoryStore.parent(sidecar);
    Files.createDirectories(directory);
    Path temporary = directory.resolve(Keys.RESERVED + "tmp");
    try (FileChannel out =
        FileChannel.open(
            temporary,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer bytes = StandardCharsets.US_ASCII.encode(text.toString());
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
      out.force(true);
    }
    Files.move(
        temporary, sidecar, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    DirectoryStore.sync(directory);
  }

  static void delete(Path file) throws IOException {
    Files.deleteIfExists(of(file));
  }
}
