package dev.sluice.ship;

import dev.sluice.ltx.LtxCompactor;
import dev.sluice.ltx.LtxDecoder;
import dev.sluice.ltx.LtxEncoder;
import dev.sluice.ltx.LtxFile;
import dev.sluice.ltx.LtxHeader;
import dev.sluice.ltx.LtxReheaded;
import dev.sluice.ltx.LtxSink;
import dev.sluice.os.NativeFile;
import dev.sluice.restore.StoredPages;
import dev.sluice.store.ByteSource;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * LTX files merged into one as the store takes it: without checksums. A small one is in memory, a
 * larger one in a temporary file, which closing deletes, or in the log.
 */
record MergedFile(LtxHeader header, ByteSource content, @Nullable Path file) implements Closeable {
  /** Inputs of more bytes are merged in a file. */
  private static final long IN_MEMORY_BYTES = 4 << 20;

  private static final int WAL_HEADER_BYTES = 32;

  /**
   * Merges files.
   *
   * @param inputs consecutive, oldest first; they stay open
   * @param directory for the temporary file
   */
  static MergedFile of(List<LtxFile> inputs, Path directory) throws IOException {
    if (inputs.stream().mapToLong(LtxFile::sizeBytes).sum() <= IN_MEMORY_BYTES) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      LtxHeader header = merge(inputs, sink(bytes), true);
      return new MergedFile(header, ByteSource.of(bytes.toByteArray()), null);
    }
    Path file = NativeFile.createTemporary(directory, "merged", ".ltx");
    try (TemporaryFile out = new TemporaryFile(file)) {
      LtxHeader header = merge(inputs, out, true);
      return new MergedFile(header, ByteSource.ofFinal(file), file);
    } catch (IOException | RuntimeException e) {
      Files.deleteIfExists(file);
      throw e;
    }
  }

  /**
   * One transaction, as Litestream takes it to go on from: it looks for the end of its WAL in the
   * last file of level 0, and starts at the WAL's beginning, with a snapshot, when that is there.
   * Of a large one the pages are taken as they stand; the input must stay open.
   */
  static MergedFile single(LtxFile input, Path directory) throws IOException {
    if (input.sizeBytes() > IN_MEMORY_BYTES) {
      LtxReheaded bare = LtxReheaded.bare(input);
      return new MergedFile(bare.header(), new SourceBytes(bare), null);
    }
    if (input.header().isSnapshot()) {
      return of(List.of(input), directory);
    }
    LtxHeader old = input.header();
    LtxHeader header =
        new LtxHeader(
            LtxHeader.NO_CHECKSUM,
            old.pageSize(),
            old.commit(),
            old.minTxid(),
            old.maxTxid(),
            old.timestampMillis(),
            0,
            WAL_HEADER_BYTES,
            0,
            0,
            0,
            0);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    LtxEncoder encoder = new LtxEncoder();
    encoder.start(header, sink(bytes));
    ByteBuffer page = ByteBuffer.allocateDirect(old.pageSize());
    for (int i = 0; i < input.index().count(); i++) {
      int pgno = input.index().pgno(i);
      input.readPage(pgno, page.clear());
      encoder.page(pgno, page.flip());
    }
    encoder.finish(0);
    return new MergedFile(header, ByteSource.of(bytes.toByteArray()), null);
  }

  /**
   * Merges files whose first holds the whole database, and keeps only the pages that differ from a
   * state in the store.
   */
  static MergedFile difference(List<LtxFile> inputs, StoredPages from, Path directory)
      throws IOException {
    Path file = NativeFile.createTemporary(directory, "difference", ".ltx");
    try (MergedFile whole = of(inputs, directory);
        LtxDecoder decoder = LtxDecoder.open(whole.content().open(), "the difference");
        TemporaryFile out = new TemporaryFile(file)) {
      LtxEncoder encoder = new LtxEncoder();
      encoder.start(whole.header(), out);
      while (decoder.next()) {
        // A file has at least one page.
        if (decoder.pgno() == 1 || !from.has(decoder.pgno(), decoder.page().duplicate())) {
          encoder.page(decoder.pgno(), decoder.page());
        }
      }
      encoder.finish(0);
      return new MergedFile(whole.header(), ByteSource.ofFinal(file), file);
    } catch (IOException | RuntimeException e) {
      Files.deleteIfExists(file);
      throw e;
    }
  }

  static LtxHeader merge(List<LtxFile> inputs, LtxSink out, boolean noChecksum) throws IOException {
    return LtxCompactor.compact(inputs, out, new LtxCompactor.Options(noChecksum, 1)).header();
  }

  private static LtxSink sink(ByteArrayOutputStream memory) {
    WritableByteChannel out = Channels.newChannel(memory);
    return bytes -> {
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
    };
  }

  @Override
  public void close() throws IOException {
    if (file != null) {
      Files.deleteIfExists(file);
    }
  }
}
