package dev.sluice.cli;

import dev.sluice.ltx.LtxSink;
import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** A file being written beside its target: the target changes at once, when all is durable. */
final class OutputFile implements Closeable, LtxSink {
  private final Path target;
  private final boolean replace;
  private final Path temporary;
  private final RandomAccessFile file;

  private OutputFile(Path target, boolean replace, Path temporary) throws IOException {
    this.target = target;
    this.replace = replace;
    this.temporary = temporary;
    this.file = new RandomAccessFile(temporary.toFile(), "rw");
  }

  /**
   * Begins a file.
   *
   * @param replace whether the target may exist; it then keeps its mode
   */
  static OutputFile create(Path path, boolean replace) throws IOException {
    Path target = path.toAbsolutePath();
    if (Files.isDirectory(target)) {
      throw new UserException(path + " is a directory", "name a file in it");
    }
    if (!replace && Files.exists(target)) {
      throw new UserException(
          path + " exists already", "choose another name, or give --force to replace it");
    }
    @Nullable Path directory = target.getParent();
    if (directory == null || !Files.isDirectory(directory)) {
      throw new NoSuchFileException(String.valueOf(directory));
    }
    String name =
        String.format(
            ".%s.sluice-%016x", target.getFileName(), ThreadLocalRandom.current().nextLong());
    return new OutputFile(target, replace, directory.resolve(name));
  }

  FileChannel channel() {
    return file.getChannel();
  }

  /** Appends. */
  @Override
  public void write(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      file.getChannel().write(bytes);
    }
  }

  /** Makes the file as long as said; what was never written are zeros. */
  void setSize(long bytes) throws IOException {
    file.setLength(bytes);
  }

  /** Makes the file durable and gives it its name. */
  void publish() throws IOException {
    if (replace && Files.exists(target)) {
      Files.setPosixFilePermissions(temporary, Files.getPosixFilePermissions(target));
    }
    file.getChannel().force(true);
    if (replace) {
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } else {
      Files.move(temporary, target);
    }
    try (FileChannel directory =
        FileChannel.open(temporary.resolveSibling("."), StandardOpenOption.READ)) {
      directory.force(true);
    }
  }

  /** Discards the file if it was not published. */
  @Override
  public void close() throws IOException {
    file.close();
    Files.deleteIfExists(temporary);
  }
}
