package dev.sluice.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/** The bytes of a file. */
record FileBytes(Path path, long sizeBytes, Optional<Path> file) implements ByteSource {
  @Override
  public InputStream open() throws IOException {
    return Files.newInputStream(path);
  }

  @Override
  public ReadableByteChannel openChannel() throws IOException {
    return FileChannel.open(path, StandardOpenOption.READ);
  }

  @Override
  public String toString() {
    return path.toString();
  }
}
