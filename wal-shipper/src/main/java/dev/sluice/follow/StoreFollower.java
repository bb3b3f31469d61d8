package dev.sluice.follow;

import dev.sluice.follow.Follower.ReplicaFiles;
import dev.sluice.log.Database;
import dev.sluice.log.Databases;
import dev.sluice.log.LogEntry;
import dev.sluice.ltx.LtxHeader;
import dev.sluice.ltx.LtxSource;
import dev.sluice.ltx.Position;
import dev.sluice.node.DatabaseStatus.FollowStatus;
import dev.sluice.restore.Restore;
import dev.sluice.restore.RestoreOptions;
import dev.sluice.restore.RestoreResult;
import dev.sluice.restore.StoreLayout;
import dev.sluice.restore.StoreTail;
import dev.sluice.restore.StoreTail.Look;
import dev.sluice.restore.StoreTail.State;
import dev.sluice.restore.StoredFile;
import dev.sluice.store.ObjectNotFoundException;
import dev.sluice.store.ObjectStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the backup of one database in a store: takes what comes there into the log of the
 * database and has it applied to its file. Nothing else is needed of the node that writes it.
 *
 * <pre>
 *   look ─┬─ files that lead on ──► each into the log, with the checksums that it lacks there
 *         └─ nothing leads on, or another history ──► restored whole ──► what differs into the log
 * </pre>
 *
 * <p>That a file belongs to the history of this database is known where the store says its
 * position, as Sluice's does, or where the store has been looked at ever since. Otherwise, as after
 * a start with what Litestream wrote, pages are compared: those of the file that ends where this
 * database stands, or when that has been merged, all. Safe for use by many threads.
 */
public final class StoreFollower implements Following {
  private static final Logger log = LoggerFactory.getLogger(StoreFollower.class);

  /** For what was taken to be applied, before the database changes to another history. */
  private static final long APPLY_MILLIS = 30_000;

  /** Looks that may find files gone again before it counts as a failure. */
  private static final int TRIES = 5;

  /**
   * What is followed.
   *
   * @param store which stays open
   * @param layout where the database's files are in it
   * @param database what it is called here
   * @param pace how often the store is asked
   * @param restore how a whole database is read
   * @param temporary a directory for what is on its way, on the disk of the file
   */
  public record Options(
      ObjectStore store,
      StoreLayout layout,
      String database,
      Pace pace,
      RestoreOptions restore,
      Path temporary) {}

  private final Options options;
  private final Databases databases;
  private final Database database;
  private final Path file;
  private final ExecutorService applier;
  private final FollowedDatabase followed;
  private final StoreTail tail;
  private final StoredTransactions transactions;
  private final Thread thread = new Thread(this::run, "store-follower");

  /** The log is on the history of the store. Only {@link #thread} touches it. */
  private boolean proven;

  /**
   * Somebody has deleted the file: what the log has does not make it again. Only {@link #thread}
   * touches it once that runs.
   */
  private boolean fileGone;

  private volatile boolean closed;
  private volatile boolean connected;
  private volatile boolean receivedAll;
  private volatile boolean caughtUp;
  private volatile boolean absent;
  private volatile @Nullable String error;
  private volatile Runnable unknownAction = () -> {};

  /**
   * @param databases has the state of the database, if it was followed before
   */
  public StoreFollower(Options options, Databases databases, ReplicaFiles files)
      throws IOException {
    this.options = options;
    this.databases = databases;
    database = databases.open(options.database());
    file = files.file(options.database());
    applier =
        Executors.newSingleThreadExecutor(
            task -> {
              Thread t = new Thread(task, "apply-0");
              t.setDaemon(true);
              return t;
            });
    followed = new FollowedDatabase(database, files, applier, () -> 0);
    tail = new StoreTail(options.store(), options.layout());
    transactions = new StoredTransactions(database, options.temporary());
    transactions.deleteLeftOvers();
    LogEntry last = database.log().last();
    fileGone = last != null && last.header().commit() > 0 && !Files.exists(file);
    thread.setDaemon(true);
  }

  /** Brings the file to the end of its log and begins to follow. */
  public void start() {
    if (!fileGone) {
      followed.wake();
    }
    thread.start();
  }

  private void run() {
    Pace.Timer timer = options.pace().timer();
    while (!closed) {
      boolean came = false;
      try {
        came = poll();
        if (error != null) {
          log.info("{}: following again", tail);
        }
        error = null;
        connected = true;
      } catch (IOException | RuntimeException e) {
        failed(e);
      }
      long pause = timer.next(came);
      if (!closed && pause > 0) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(pause));
      }
    }
  }

  /** Says so once, however often it is tried. */
  private void failed(Exception e) {
    connected = false;
    String why = e.getMessage() == null ? e.toString() : e.getMessage();
    if (!closed && error == null) {
      log.warn("{}; trying again", why);
    }
    log.debug("{}", tail, e);
    error = why;
  }

  /**
   * Takes what is new.
   *
   * @return whether something came
   */
  boolean poll() throws IOException {
    for (int attempt = 1; ; attempt++) {
      try {
        return take();
      } catch (ObjectNotFoundException e) {
        // It was merged or has expired since it was listed; a new listing has what took its place.
        tail.lookAgain();
        if (attempt == TRIES) {
          throw e;
        }
      } catch (IOException | RuntimeException e) {
        tail.lookAgain();
        throw e;
      }
    }
  }

  private boolean take() throws IOException {
    Position at = database.position();
    Look look = tail.look(at.txid());
    absent = look.state() == State.EMPTY;
    if (absent) {
      if (at.equals(Position.NONE)) {
        unknownAction.run();
      }
      throw new IOException(tail + ": no backup there; check the URL, and whether a node ships it");
    }
    followed.head(Math.max(look.newestTxid(), at.txid()));
    if (at.equals(Position.NONE) || fileGone || !database.isConsistent()) {
      return takeWhole(false);
    }
    proven &= look.sameStore();
    if (!proven && !isSameHistory(look, at)) {
      return takeWhole(true);
    }
    proven = true;
    switch (look.state()) {
      case MORE -> {
        for (StoredFile next : look.files()) {
          if (!takeFile(next)) {
            return takeWhole(true);
          }
        }
        receivedAll = true;
      }
      case GAP -> takeWhole(false);
      case BEHIND -> takeWhole(true);
      default -> {
        receivedAll = true;
        return false;
      }
    }
    return true;
  }

  /** Whether this database stands on the history of what a look found. */
  private boolean isSameHistory(Look look, Position at) throws IOException {
    if (look.state() == State.BEHIND) {
      return false;
    }
    Optional<StoredFile> last = tail.endingAt(at.txid());
    if (last.isPresent()) {
      Optional<Position> known = tail.position(last.get());
      return known.isPresent()
          ? known.get().equals(at)
          : transactions.isPartOfLast(tail.open(last.get()));
    }
    // Whoever has a position is checked when it is taken.
    return look.state() == State.MORE && tail.position(look.files().get(0)).isPresent();
  }

  /** False when it does not lead to the state that the store says. */
  private boolean takeFile(StoredFile next) throws IOException {
    Optional<Position> known = tail.position(next);
    try (StoredTransactions.Checked checked = transactions.check(tail.open(next))) {
      if (known.isPresent() && !known.get().equals(checked.position())) {
        log.warn(
            "{}: {} leads to {}, the store says {}: it is another history",
            tail,
            next.key(),
            checked.position(),
            known.get());
        return false;
      }
      append(checked.path());
    }
    tail.took(next);
    return true;
  }

  private void append(Path ltx) throws IOException {
    try (LtxSource source = LtxSource.of(ltx)) {
      database.append(source);
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    }
    followed.wake();
  }

  /**
   * Restores the newest state, and takes what differs from it.
   *
   * @param otherHistory whether this database is on another than the store, whatever its TXID
   */
  private boolean takeWhole(boolean otherHistory) throws IOException {
    Position before = database.position();
    tail.lookAgain();
    if (!Files.exists(file) && (fileGone || before.equals(Position.NONE))) {
      takeRestored(restore(options.restore(), file));
    } else {
      Path restored = options.temporary().resolve("restored.db");
      Files.createDirectories(options.temporary());
      try {
        RestoreOptions replacing = options.restore().withForce(true);
        takeDifference(restore(replacing, restored), restored, otherHistory);
      } finally {
        Files.deleteIfExists(restored);
      }
    }
    proven = true;
    fileGone = false;
    receivedAll = true;
    followed.head(database.position().txid());
    followed.wake();
    if (otherHistory) {
      log.warn("{}: brought from {} to {}", tail, before, database.position());
      databases
          .events()
          .diverged(
              database,
              "was at %s, on another history than %s, and has been brought to %s"
                  .formatted(before, tail, database.position()));
    } else {
      log.info("{}: brought to {} by its newest state", tail, database.position());
    }
    return true;
  }

  private RestoreResult restore(RestoreOptions how, Path to) throws IOException {
    long started = System.nanoTime();
    RestoreResult result = Restore.run(options.store(), options.layout(), how, to);
    databases.events().restored(database.name(), System.nanoTime() - started);
    return result;
  }

  private void takeRestored(RestoreResult result) throws IOException {
    Position position = positionOf(result);
    try (RestoredPages pages = RestoredPages.open(file, result)) {
      if (position.txid() == 1 || result.pages() == 0) {
        appendWhole(result, pages);
      } else {
        database.takeOver(
            LtxHeader.snapshot(
                result.pageSize(), result.pages(), position.txid(), result.time().toEpochMilli()),
            position.checksum(),
            pages);
      }
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private void takeDifference(RestoreResult result, Path restored, boolean otherHistory)
      throws IOException {
    Position to = positionOf(result);
    Position from = database.position();
    try (RestoredPages pages = RestoredPages.open(restored, result)) {
      if (from.equals(Position.NONE) || !database.isConsistent() || to.txid() == 1) {
        appendWhole(result, pages);
      } else if (!otherHistory && Long.compareUnsigned(to.txid(), from.txid()) > 0) {
        try (StoredTransactions.Checked checked =
            transactions.difference(result, from.txid() + 1, pages)) {
          append(checked.path());
        }
      } else if (!to.equals(from)) {
        adopt(result, pages);
      }
    }
  }

  private void appendWhole(RestoreResult result, RestoredPages pages) throws IOException {
    try (StoredTransactions.Checked checked = transactions.snapshot(result, pages)) {
      append(checked.path());
    }
  }

  private void adopt(RestoreResult result, RestoredPages pages) throws IOException {
    if (!followed.awaitApplied(APPLY_MILLIS)) {
      throw new IOException(
          database.name()
              + ": what was taken before is not applied, so it can't be brought to the history of "
              + tail);
    }
    try (StoredTransactions.Checked checked =
            transactions.difference(result, result.position().txid(), pages);
        LtxSource source = LtxSource.of(checked.path())) {
      database.adopt(source);
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private Position positionOf(RestoreResult result) throws IOException {
    if (result.position().equals(Position.NONE)) {
      throw new IOException(
          tail + ": a backup of Litestream 0.3 can be restored, but not followed");
    }
    return result.position();
  }

  @Override
  public boolean isConnected() {
    return connected;
  }

  @Override
  public boolean isCaughtUp() {
    if (!caughtUp && receivedAll) {
      caughtUp = followed.isCurrent();
    }
    return caughtUp;
  }

  @Override
  public @Nullable String unknownDatabase() {
    return absent && database.position().equals(Position.NONE) ? database.name() : null;
  }

  @Override
  public void onUnknownDatabase(Runnable action) {
    unknownAction = action;
    if (unknownDatabase() != null) {
      action.run();
    }
  }

  @Override
  public @Nullable FollowStatus status(String name) {
    return name.equals(database.name()) ? followed.status() : null;
  }

  @Override
  public @Nullable String error(String name) {
    if (!name.equals(database.name())) {
      return null;
    }
    String applying = followed.error();
    return applying == null ? error : applying;
  }

  @Override
  public void readPage(String name, int pgno, ByteBuffer target) throws IOException {
    followed.readPage(pgno, target);
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    try {
      thread.join(5000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    followed.close();
    applier.shutdown();
  }
}
