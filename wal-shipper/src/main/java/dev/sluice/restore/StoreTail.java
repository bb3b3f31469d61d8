package dev.sluice.restore;

import dev.sluice.ltx.CorruptLtxException;
import dev.sluice.ltx.LtxDecoder;
import dev.sluice.ltx.LtxFileName;
import dev.sluice.ltx.LtxHeader;
import dev.sluice.ltx.Position;
import dev.sluice.ltx.Txid;
import dev.sluice.store.ObjectInfo;
import dev.sluice.store.ObjectStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What comes to a store beyond a transaction, asked again and again.
 *
 * <pre>
 *   everything ──► tail: level 0 from the anchor on; each third time that gives nothing, snapshots
 *       ▲            │
 *       └────────────┘ the anchor is gone, or something is newer than what leads on
 * </pre>
 *
 * <p>The <em>anchor</em> is the last known file of level 0. As long as it is listed unchanged, what
 * follows belongs to what was there before. Not safe for use by several threads at once.
 */
public final class StoreTail {
  /** A snapshot without a file of level 0 that leads there, as after a change of page size. */
  private static final int SNAPSHOTS_EVERY = 3;

  /** What there is. */
  public enum State {
    /** No file at all. */
    EMPTY,
    /** Nothing newer. */
    CURRENT,
    /** Files that lead on to the newest state. */
    MORE,
    /** A newer state, but no files that lead there: only a whole database does. */
    GAP,
    /** What is newest is older than the transaction that was asked about. */
    BEHIND
  }

  /**
   * What one look found.
   *
   * @param sameStore whether what was seen before is still there; only then is this known to be the
   *     same history
   * @param files that lead on, in this order; none unless {@link State#MORE}
   * @param newestTxid the last transaction in the store, unsigned; 0 when it is empty
   */
  public record Look(State state, boolean sameStore, List<StoredFile> files, long newestTxid) {}

  private final ObjectStore store;
  private final StoreLayout layout;

  /** Of the last look at everything. */
  private Set<StoredFile> seen = Set.of();

  private @Nullable StoredFile anchor;
  private boolean everything = true;
  private int nothing;

  public StoreTail(ObjectStore store, StoreLayout layout) {
    this.store = store;
    this.layout = layout;
  }

  /** Looks for what is newer than a transaction: one request, seldom two; everything at first. */
  public Look look(long txid) throws IOException {
    StoredFile from = anchor;
    if (everything || from == null) {
      return lookAtEverything(txid);
    }
    String level0 = layout.levelPrefix(0);
    List<StoredFile> files = list(level0, level0 + Txid.format(from.minTxid()));
    if (!files.contains(from)) {
      return lookAtEverything(txid);
    }
    List<StoredFile> chain = new Reach(files).from(txid);
    long newest = Collections.max(files, StoredFile.BY_MAX).maxTxid();
    if (Long.compareUnsigned(newest, txid) > 0) {
      nothing = 0;
      return leadsTo(chain, newest)
          ? new Look(State.MORE, true, chain, newest)
          : lookAtEverything(txid);
    }
    nothing++;
    return nothing % SNAPSHOTS_EVERY == 0 && hasNewerSnapshot(txid)
        ? lookAtEverything(txid)
        : new Look(State.CURRENT, true, List.of(), txid);
  }

  private boolean hasNewerSnapshot(long txid) throws IOException {
    int level = StoreLayout.SNAPSHOT_LEVEL;
    return list(layout.levelPrefix(level), layout.key(level, new LtxFileName(1, txid))).stream()
        .anyMatch(file -> Long.compareUnsigned(file.maxTxid(), txid) > 0);
  }

  private List<StoredFile> list(String prefix, String startAfter) throws IOException {
    try (Stream<ObjectInfo> objects = store.list(prefix, startAfter)) {
      return objects.map(layout::parse).flatMap(Optional::stream).toList();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private Look lookAtEverything(long txid) throws IOException {
    everything = true;
    List<StoredFile> files = StoreListing.read(store, layout).files();
    if (files.isEmpty()) {
      return new Look(State.EMPTY, false, List.of(), 0);
    }
    boolean sameStore = files.stream().anyMatch(seen::contains);
    seen = Set.copyOf(files);
    anchor =
        files.stream()
            .filter(file -> file.level() == 0 && Long.compareUnsigned(file.maxTxid(), txid) <= 0)
            .max(StoredFile.BY_MAX)
            .orElse(null);
    everything = false;
    nothing = 0;
    long newest = Collections.max(files, StoredFile.BY_MAX).maxTxid();
    List<StoredFile> chain = new ArrayList<>(new Reach(files).from(txid));
    if (leadsTo(chain, newest)) {
      return new Look(State.MORE, sameStore, chain, newest);
    }
    int order = Long.compareUnsigned(newest, txid);
    State state = order > 0 ? State.GAP : order < 0 ? State.BEHIND : State.CURRENT;
    return new Look(state, sameStore, List.of(), newest);
  }

  private static boolean leadsTo(List<StoredFile> chain, long newest) {
    return !chain.isEmpty() && chain.get(chain.size() - 1).maxTxid() == newest;
  }

  /** What a file has is taken: the next look begins there. */
  public void took(StoredFile file) {
    if (file.level() == 0) {
      anchor = file;
    }
  }

  /** The next look is at everything, as what this one found was not there or not right. */
  public void lookAgain() {
    everything = true;
  }

  /** The smallest file that ends with a transaction, as far as everything was looked at. */
  public Optional<StoredFile> endingAt(long txid) {
    return seen.stream().filter(file -> file.maxTxid() == txid).max(Reach.BY_REACH);
  }

  /**
   * Where the database stands after a file, if the store knows it: that of Litestream does not.
   *
   * @throws IOException also when what it says is no position
   */
  public Optional<Position> position(StoredFile file) throws IOException {
    Optional<String> text =
        store.head(file.key()).map(ObjectInfo::metadata).map(known -> known.get(Restore.POSITION));
    try {
      return text.map(Position::parse);
    } catch (IllegalArgumentException e) {
      throw new IOException(StoreSource.name(store, file) + ": its metadata: " + e.getMessage(), e);
    }
  }

  /**
   * Begins to read a file; one request, more when its connection breaks.
   *
   * @throws CorruptLtxException if it is none, or another than its name says
   */
  public LtxDecoder open(StoredFile file) throws IOException {
    String name = StoreSource.name(store, file);
    LtxDecoder decoder = LtxDecoder.open(new RepeatedStream(store, file.key()), name);
    LtxHeader header = decoder.header();
    if (header.minTxid() != file.minTxid() || header.maxTxid() != file.maxTxid()) {
      decoder.close();
      throw new CorruptLtxException(
          name, 16, "the header is that of " + header.fileName() + ": the file was renamed");
    }
    return decoder;
  }

  /** The store and the path in it, for messages. */
  @Override
  public String toString() {
    return layout.path().isEmpty() ? store.toString() : store + "/" + layout.path();
  }
}
