package dev.sluice.log;

import dev.sluice.ltx.LtxFile;
import dev.sluice.ltx.LtxHeader;
import dev.sluice.ltx.LtxReheaded;
import dev.sluice.ltx.LtxSink;
import dev.sluice.ltx.LtxSource;
import dev.sluice.ltx.LtxTrailer;
import dev.sluice.ltx.Txid;
import dev.sluice.os.DirectAppender;
import dev.sluice.os.ErrnoException;
import dev.sluice.os.Libc;
import dev.sluice.os.NativeFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A whole database in the log: an LTX file in a file of its own beside the segments, without
 * database checksums. So it is just what a store takes, and a store on the same file system keeps
 * it by a link. The segment has the header and trailer that the log gives it instead.
 *
 * <p>Never written again. Safe for use by many threads.
 */
final class WholeFile implements Closeable {
  static final String SUFFIX = ".ltx";

  private final Path path;
  private final NativeFile file;
  private final long size;

  private WholeFile(Path path, NativeFile file, long size) {
    this.path = path;
    this.file = file;
    this.size = size;
  }

  /** Writes one. For one thread. */
  static final class Writer implements LtxSink, Closeable {
    private final Path path;
    private final NativeFile file;
    private final DirectAppender appender;
    private boolean finished;

    Writer(Path directory, long txid) throws IOException {
      path = path(directory, txid);
      // What is there may be a store's, too.
      Files.deleteIfExists(path);
      file = NativeFile.open(path, Libc.O_RDWR | Libc.O_CREAT | Libc.O_EXCL);
      appender = new DirectAppender(file, path);
    }

    @Override
    public void write(ByteBuffer bytes) throws IOException {
      appender.write(bytes);
    }

    /** The file, when all of it has been written. */
    WholeFile finish() throws IOException {
      appender.finish();
      finished = true;
      return new WholeFile(path, file, appender.sizeBytes());
    }

    /** Deletes what is not finished. */
    @Override
    public void close() throws IOException {
      appender.close();
      if (!finished) {
        Files.deleteIfExists(path);
        file.close();
      }
    }
  }

  /** Opens one that must have this size; empty when it is not there or has another. */
  static Optional<WholeFile> open(Path directory, long txid, long size) throws ErrnoException {
    Path path = path(directory, txid);
    if (!Files.exists(path)) {
      return Optional.empty();
    }
    NativeFile file = NativeFile.open(path, Libc.O_RDWR);
    if (file.size() != size) {
      file.close();
      return Optional.empty();
    }
    return Optional.of(new WholeFile(path, file, size));
  }

  private static Path path(Path directory, long txid) {
    return directory.resolve(Txid.format(txid) + SUFFIX);
  }

  Path path() {
    return path;
  }

  long size() {
    return size;
  }

  /** The trailer that this file has with another header, when all of it is written. */
  LtxTrailer trailer(LtxHeader header, long postApplyChecksum) throws IOException {
    try (LtxFile ltx = LtxFile.open(new Bytes(), path.toString())) {
      return LtxReheaded.of(ltx, header, postApplyChecksum).trailer();
    }
  }

  /** This file as it is. */
  LtxSource bytes() {
    return new Bytes();
  }

  /** This file with the ends that the log gives it. */
  LtxSource source(LtxHeader header, LtxTrailer trailer) {
    return new LtxReheaded(new Bytes(), header, trailer);
  }

  private final class Bytes implements LtxSource {
    @Override
    public long size() {
      return size;
    }

    @Override
    public void readFully(long offset, ByteBuffer target) throws IOException {
      file.readFully(target, offset);
    }

    @Override
    public void close() {
      // Others read it, too.
    }
  }

  /** Only a hint, so that a later {@link #sync} has less to wait for. */
  void startSync() {
    file.startSync();
  }

  void sync() throws ErrnoException {
    file.sync();
  }

  void unlink() throws IOException {
    Files.deleteIfExists(path);
  }

  @Override
  public void close() {
    file.close();
  }
}
