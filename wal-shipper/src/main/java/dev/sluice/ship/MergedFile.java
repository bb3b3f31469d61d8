package dev.sluice.ship;

import dev.sluice.ltx.LtxCompactor;
import dev.sluice.ltx.LtxFile;
import dev.sluice.ltx.LtxHeader;
import dev.sluice.ltx.LtxSink;
import dev.sluice.store.ByteSource;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * LTX files merged into one as the store takes it: without checksums. A small one is in memory, a
 * larger one in a temporary file, which closing deletes.
 */
record MergedFile(LtxHeader header, ByteSource content, @Nullable Path file) implements Closeable {
  /** Inputs of more bytes are merged in a file. */
  private static final long IN_MEMORY_BYTES = 4 << 20;

  /**
   * Merges files.
   *
   * @param inputs consecutive, oldest first; they stay open
   * @param directory for the temporary file
   */
  static MergedFile of(List<LtxFile> inputs, Path directory) throws IOException {
    if (inputs.stream().mapToLong(LtxFile::sizeBytes).sum() <= IN_MEMORY_BYTES) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      LtxHeader header = merge(inputs, Channels.newChannel(bytes), true);
      return new MergedFile(header, ByteSource.of(bytes.toByteArray()), null);
    }
    Path file = Files.createTempFile(directory, "merged", ".ltx");
    try (FileChannel out = FileChannel.open(file, StandardOpenOption.WRITE)) {
      LtxHeader header = merge(inputs, out, true);
      return new MergedFile(header, ByteSource.of(file), file);
    } catch (IOException | RuntimeException e) {
      Files.deleteIfExists(file);
      throw e;
    }
  }

  static LtxHeader merge(List<LtxFile> inputs, WritableByteChannel out, boolean noChecksum)
      throws IOException {
    LtxSink sink =
        bytes -> {
          while (bytes.hasRemaining()) {
            out.write(bytes);
          }
        };
    return LtxCompactor.compact(inputs, sink, new LtxCompactor.Options(noChecksum, 1)).header();
  }

  @Override
  public void close() throws IOException {
    if (file != null) {
      Files.deleteIfExists(file);
    }
  }
}
