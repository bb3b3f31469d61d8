package dev.sluice.ltx;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;

/** A database in memory that makes random transactions and applies files page by page. */
final class TestDatabase {
  final int pageSize;
  final Random random;
  final NavigableMap<Integer, byte[]> pages = new TreeMap<>();
  int commit;
  long txid;
  boolean noChecksum;

  TestDatabase(int pageSize, long seed) {
    this.pageSize = pageSize;
    random = new Random(seed);
  }

  /** A transaction that changes some pages, and grows or shrinks the database to {@code size}. */
  byte[] transaction(int size) {
    long before = checksum();
    NavigableMap<Integer, byte[]> changed = new TreeMap<>();
    for (int pgno = 1; pgno <= size; pgno++) {
      if (pgno > commit || random.nextInt(3) == 0) {
        changed.put(pgno, page());
      }
    }
    pages.tailMap(size, false).clear();
    pages.putAll(changed);
    commit = size;
    txid++;
    LtxHeader header =
        txid == 1
            ? LtxHeader.snapshot(pageSize, size, 1, 1_000 + txid)
            : LtxHeader.transactions(pageSize, size, txid, txid, 1_000 + txid, before);
    return file(noChecksum ? header.withoutChecksum() : header, changed, checksum());
  }

  /** A page that is now random, now the same again and again, now something between. */
  byte[] page() {
    byte[] page = new byte[pageSize];
    int filled = random.nextInt(4) * pageSize / 3;
    byte[] noise = new byte[filled];
    random.nextBytes(noise);
    System.arraycopy(noise, 0, page, 0, filled);
    return page;
  }

  long checksum() {
    long xor = 0;
    for (int pgno : pages.keySet()) {
      xor ^= Checksums.page(pgno, ByteBuffer.wrap(pages.get(pgno)));
    }
    return Checksums.database(xor);
  }

  byte[] bytes() {
    byte[] bytes = new byte[commit * pageSize];
    pages.forEach(
        (pgno, page) -> System.arraycopy(page, 0, bytes, (pgno - 1) * pageSize, pageSize));
    return bytes;
  }

  /** Applies a file as the simplest of readers would. */
  void apply(byte[] file) {
    try (LtxDecoder decoder = LtxDecoder.open(LtxSource.of(ByteBuffer.wrap(file)), "applied")) {
      while (decoder.next()) {
        byte[] page = new byte[pageSize];
        decoder.page().get(page);
        pages.put(decoder.pgno(), page);
      }
      commit = decoder.header().commit();
      txid = decoder.header().maxTxid();
      pages.tailMap(commit, false).clear();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static byte[] file(LtxHeader header, NavigableMap<Integer, byte[]> pages, long postApply) {
    Bytes out = new Bytes();
    LtxEncoder encoder = new LtxEncoder();
    try {
      encoder.start(header, out);
      for (int pgno : pages.keySet()) {
        encoder.page(pgno, ByteBuffer.wrap(pages.get(pgno)));
      }
      encoder.finish(header.hasChecksums() ? postApply : 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.bytes();
  }

  static List<LtxFile> open(List<byte[]> files) throws IOException {
    List<LtxFile> opened = new ArrayList<>();
    for (byte[] file : files) {
      opened.add(LtxFile.open(LtxSource.of(ByteBuffer.wrap(file)), "f" + opened.size()));
    }
    return opened;
  }

  /** A sink that keeps what it gets. */
  static final class Bytes implements LtxSink {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    int writes;

    @Override
    public void write(ByteBuffer bytes) {
      byte[] chunk = new byte[bytes.remaining()];
      bytes.get(chunk);
      out.writeBytes(chunk);
      writes++;
    }

    byte[] bytes() {
      return out.toByteArray();
    }
  }
}
