package dev.sluice.restore;

import dev.sluice.ltx.Checksums;
import dev.sluice.ltx.LtxCompactor;
import dev.sluice.ltx.LtxEncoder;
import dev.sluice.ltx.LtxFile;
import dev.sluice.ltx.LtxFileName;
import dev.sluice.ltx.LtxHeader;
import dev.sluice.ltx.LtxSource;
import dev.sluice.ltx.Position;
import dev.sluice.store.ByteRange;
import dev.sluice.store.ByteSource;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.PutCondition;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.LongFunction;

/** A database of random pages and its backup: what is changed is put into a store as LTX files. */
public final class Backup {
  private final ObjectStore store;
  private final StoreLayout layout;
  private final Random random = new Random(42);
  private final TreeMap<Integer, byte[]> pages = new TreeMap<>();
  private final int pageSize;
  private long txid;
  private LongFunction<Instant> times = Instant::ofEpochSecond;

  public Backup(ObjectStore store, StoreLayout layout, int pageSize) {
    this.store = store;
    this.layout = layout;
    this.pageSize = pageSize;
  }

  /** Gives transactions other times than a second each. */
  void times(LongFunction<Instant> timeOfTxid) {
    times = timeOfTxid;
  }

  /** Puts the compaction of transactions to level 1, and deletes them. */
  void compact(long from, long to) throws IOException {
    List<LtxFile> inputs = new ArrayList<>();
    List<String> keys = new ArrayList<>();
    for (long i = from; i <= to; i++) {
      String key = layout.key(0, new LtxFileName(i, i));
      keys.add(key);
      try (InputStream in = store.get(key, ByteRange.ALL)) {
        inputs.add(LtxFile.open(LtxSource.of(ByteBuffer.wrap(in.readAllBytes())), key));
      }
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    LtxCompactor.compact(
        inputs,
        buffer -> {
          byte[] chunk = new byte[buffer.remaining()];
          buffer.get(chunk);
          bytes.writeBytes(chunk);
        },
        new LtxCompactor.Options(true, 1));
    store.put(
        layout.key(1, new LtxFileName(from, to)),
        ByteSource.of(bytes.toByteArray()),
        Map.of(ObjectStore.TIMESTAMP, times.apply(to).toString()),
        PutCondition.IF_ABSENT);
    store.delete(keys);
  }

  /** Changes pages and sets the size of the database; puts the transaction, returns its key. */
  public String transaction(int commit, int... changed) throws IOException {
    txid++;
    return put(0, txid, commit, change(commit, changed), Map.of());
  }

  /** A transaction that never reaches the store. */
  public void lost(int commit, int... changed) {
    txid++;
    change(commit, changed);
  }

  /** Puts the next transaction as Litestream does after a gap: with the whole database. */
  public String wholeTransaction(int commit, int... changed) throws IOException {
    txid++;
    change(commit, changed);
    return put(0, txid, commit, pages, Map.of());
  }

  /** Puts a snapshot at the current position. */
  public String snapshot(Map<String, String> metadata) throws IOException {
    return put(StoreLayout.SNAPSHOT_LEVEL, 1, pages.size(), pages, metadata);
  }

  /** The database as it is now. */
  byte[] database() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    pages.values().forEach(bytes::writeBytes);
    return bytes.toByteArray();
  }

  public Position position() {
    long xor = 0;
    for (Map.Entry<Integer, byte[]> page : pages.entrySet()) {
      xor ^= Checksums.page(page.getKey(), ByteBuffer.wrap(page.getValue()));
    }
    return new Position(txid, Checksums.database(xor));
  }

  private Map<Integer, byte[]> change(int commit, int... changed) {
    TreeMap<Integer, byte[]> transaction = new TreeMap<>();
    for (int pgno : changed) {
      byte[] page = new byte[pageSize];
      random.nextBytes(page);
      Arrays.fill(page, 0, pageSize / 2, (byte) pgno);
      transaction.put(pgno, page);
    }
    pages.putAll(transaction);
    pages.tailMap(commit, false).clear();
    return transaction;
  }

  private String put(
      int level, long min, int commit, Map<Integer, byte[]> content, Map<String, String> metadata)
      throws IOException {
    LtxHeader header =
        new LtxHeader(
            LtxHeader.NO_CHECKSUM,
            pageSize,
            commit,
            min,
            txid,
            times.apply(txid).toEpochMilli(),
            0,
            0,
            0,
            0,
            0,
            0);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    LtxEncoder encoder = new LtxEncoder();
    encoder.start(
        header,
        buffer -> {
          byte[] chunk = new byte[buffer.remaining()];
          buffer.get(chunk);
          bytes.writeBytes(chunk);
        });
    for (Map.Entry<Integer, byte[]> page : content.entrySet()) {
      encoder.page(page.getKey(), ByteBuffer.wrap(page.getValue()));
    }
    encoder.finish(0);
    Map<String, String> all = new TreeMap<>(metadata);
    all.put(ObjectStore.TIMESTAMP, times.apply(txid).toString());
    String key = layout.key(level, new LtxFileName(min, txid));
    store.put(key, ByteSource.of(bytes.toByteArray()), all, PutCondition.IF_ABSENT);
    return key;
  }
}
