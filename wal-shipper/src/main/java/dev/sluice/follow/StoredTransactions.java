package dev.sluice.follow;

import dev.sluice.log.Database;
import dev.sluice.log.PageReader;
import dev.sluice.ltx.Checksums;
import dev.sluice.ltx.LtxDecoder;
import dev.sluice.ltx.LtxEncoder;
import dev.sluice.ltx.LtxHeader;
import dev.sluice.ltx.Position;
import dev.sluice.restore.RestoreResult;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Makes of what a store has transactions that follow where a database stands: with the checksums
 * before and after, which files of a store lack, and only with pages that differ. Only one thread
 * may change the database meanwhile, the caller.
 */
final class StoredTransactions {
  private static final String PREFIX = "stored";
  private static final String SUFFIX = ".ltx";

  private final Database database;
  private final Path directory;

  StoredTransactions(Database database, Path directory) {
    this.database = database;
    this.directory = directory;
  }

  /** Deletes the temporary files of a process that was killed. */
  void deleteLeftOvers() throws IOException {
    if (Files.isDirectory(directory)) {
      try (DirectoryStream<Path> left =
          Files.newDirectoryStream(directory, PREFIX + "*" + SUFFIX)) {
        for (Path each : left) {
          Files.deleteIfExists(each);
        }
      }
    }
  }

  /** A transaction in a temporary file, deleted by {@link #close}. */
  record Checked(Path path, Position position) implements Closeable {
    @Override
    public void close() throws IOException {
      Files.deleteIfExists(path);
    }
  }

  private interface Pages {
    /** Goes to the next page; false after the last. */
    boolean next() throws IOException;

    int pgno();

    ByteBuffer page();
  }

  /** What leads on in a file, which may begin earlier and is closed. */
  Checked check(LtxDecoder file) throws IOException {
    try (file) {
      LtxHeader old = file.header();
      Position from = database.position();
      boolean follows = old.minTxid() == from.txid() + 1;
      if (follows && old.hasChecksums() && old.preApplyChecksum() != from.checksum()) {
        throw new IOException(
            database.name() + ": " + old.fileName() + " does not follow position " + from);
      }
      LtxHeader header =
          LtxHeader.transactions(
              old.pageSize(),
              old.commit(),
              from.txid() + 1,
              old.maxTxid(),
              Math.max(1, old.timestampMillis()),
              from.checksum());
      return encode(
          header,
          new Pages() {
            @Override
            public boolean next() throws IOException {
              return file.next();
            }

            @Override
            public int pgno() {
              return file.pgno();
            }

            @Override
            public ByteBuffer page() {
              return file.page();
            }
          });
    }
  }

  /**
   * The difference to a state that was restored.
   *
   * @param minTxid the first transaction that it stands for
   */
  Checked difference(RestoreResult to, long minTxid, PageReader reader) throws IOException {
    return encode(
        LtxHeader.transactions(
            pageSize(to),
            to.pages(),
            minTxid,
            to.position().txid(),
            Math.max(1, to.time().toEpochMilli()),
            database.position().checksum()),
        all(to, reader));
  }

  /** All of a state that was restored. */
  Checked snapshot(RestoreResult of, PageReader reader) throws IOException {
    return encode(
        LtxHeader.snapshot(
            pageSize(of), of.pages(), of.position().txid(), Math.max(1, of.time().toEpochMilli())),
        all(of, reader));
  }

  /** A database that was deleted has none. */
  private int pageSize(RestoreResult result) {
    int known = result.pageSize() > 0 ? result.pageSize() : database.pageSize();
    return known > 0 ? known : 4096;
  }

  private static Pages all(RestoreResult result, PageReader reader) {
    ByteBuffer page = ByteBuffer.allocateDirect(result.pageSize());
    return new Pages() {
      private int pgno;

      @Override
      public boolean next() throws IOException {
        pgno++;
        if (pgno == Checksums.lockPage(result.pageSize())) {
          pgno++;
        }
        if (pgno > result.pages()) {
          return false;
        }
        reader.read(pgno, page.clear());
        page.flip();
        return true;
      }

      @Override
      public int pgno() {
        return pgno;
      }

      @Override
      public ByteBuffer page() {
        return page;
      }
    };
  }

  private Checked encode(LtxHeader header, Pages pages) throws IOException {
    Files.createDirectories(directory);
    Path path = Files.createTempFile(directory, PREFIX, SUFFIX);
    try (FileChannel out = FileChannel.open(path, StandardOpenOption.WRITE)) {
      LtxEncoder encoder = new LtxEncoder();
      encoder.start(
          header,
          bytes -> {
            while (bytes.hasRemaining()) {
              out.write(bytes);
            }
          });
      long checksum = encode(header, pages, encoder);
      encoder.finish(checksum);
      return new Checked(path, new Position(header.maxTxid(), checksum));
    } catch (IOException | RuntimeException e) {
      Files.deleteIfExists(path);
      throw e;
    }
  }

  private long encode(LtxHeader header, Pages pages, LtxEncoder encoder) throws IOException {
    boolean whole = header.isSnapshot() || header.pageSize() != database.pageSize();
    int oldCount = whole ? 0 : database.pageCount();
    int lockPage = Checksums.lockPage(header.pageSize());
    long xor = whole ? 0 : database.position().checksum();
    boolean any = false;
    while (pages.next()) {
      int pgno = pages.pgno();
      long sum = Checksums.page(pgno, pages.page());
      long old = pgno <= oldCount ? database.pageSum(pgno) : 0;
      // A file has at least one page.
      if (sum != old || !any) {
        encoder.page(pgno, pages.page());
        xor ^= sum ^ old;
        any = true;
      }
    }
    for (int pgno = header.commit() + 1; pgno <= oldCount; pgno++) {
      if (pgno != lockPage) {
        xor ^= database.pageSum(pgno);
      }
    }
    return Checksums.database(xor);
  }

  /**
   * Whether all pages of a file, which is closed, are as the database has them: then it is the last
   * transaction of the same history, as far as it can be told.
   */
  boolean isPartOfLast(LtxDecoder file) throws IOException {
    try (file) {
      LtxHeader header = file.header();
      boolean same =
          header.pageSize() == database.pageSize() && header.commit() == database.pageCount();
      while (file.next()) {
        same &= Checksums.page(file.pgno(), file.page()) == database.pageSum(file.pgno());
      }
      return same;
    }
  }
}
