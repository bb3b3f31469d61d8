package dev.sluice.verify;

import dev.sluice.ltx.CorruptLtxException;
import dev.sluice.ltx.Position;
import dev.sluice.node.DatabaseStatus.VerificationStatus;
import dev.sluice.restore.BackupSummary;
import dev.sluice.restore.ChecksumMismatchException;
import dev.sluice.restore.DamagedDatabaseException;
import dev.sluice.restore.DatabaseCheck;
import dev.sluice.restore.IntegrityCheck;
import dev.sluice.restore.NoBackupException;
import dev.sluice.restore.NotRestorableException;
import dev.sluice.restore.RestoreOptions;
import dev.sluice.restore.Verification;
import dev.sluice.ship.Shipper.Destination;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.ObjLongConsumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Verifies the backups of a node by turns, one at a time: each is restored to a scratch file, which
 * is checked and removed. The one that has waited longest comes first, and between two there is a
 * rest, so that it takes at most half of the time of one thread, and all do not come at once.
 *
 * <pre>
 *   restored, all checksums hold, SQLite finds nothing ─► sound, or incomplete: older states lack
 *   not so, twice in a row                             ─► failed: an error in log and status
 *   nothing is there at all                            ─► missing: the same, and looked at again soon
 *   the store is away, the disk is full, …             ─► the last verdict stays; tried again soon
 * </pre>
 *
 * <p>Safe for use by many threads.
 */
public final class Verifier implements Closeable {
  private static final Logger log = LoggerFactory.getLogger(Verifier.class);

  private static final long LOOK_MILLIS = 10_000;
  private static final long MAX_REST_MILLIS = Duration.ofMinutes(10).toMillis();
  private static final long FIRST_RETRY_MILLIS = Duration.ofMinutes(1).toMillis();
  private static final long WARN_MILLIS = Duration.ofMinutes(10).toMillis();
  private static final long MAX_RETRY_MILLIS = Duration.ofHours(1).toMillis();
  private static final long STOP_MILLIS = 2_000;

  /** So many times the size of a database must be free: its commits need room, too. */
  private static final int ROOM = 2;

  /**
   * A database in one of its stores.
   *
   * @param file the database itself, for people
   * @param sizeBytes of the database, about
   * @param shipped the last position that the store has; null when that is not known, and then it
   *     is not verified
   */
  public record Backup(
      String database, Path file, long sizeBytes, @Nullable Position shipped, Destination to) {
    Place place() {
      return new Place(database, to.url());
    }
  }

  record Place(String database, String store) {}

  /**
   * What is known of a backup.
   *
   * @param postponed why the last try gave no verdict; null when it did
   * @param failures such tries in a row
   * @param retryMillis when to try again
   */
  private record Known(
      @Nullable Verdict verdict, @Nullable String postponed, int failures, long retryMillis) {}

  private final Supplier<List<Backup>> backups;
  private final Duration interval;
  private final Path scratch;
  private final VerdictFile file;
  private final DatabaseCheck check;
  private final Clock clock;
  private final Map<Place, Known> known = new ConcurrentHashMap<>();
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final Thread thread = new Thread(this::run, "verifier");

  /** Is told which database was restored, and how many nanoseconds that took. */
  private volatile ObjLongConsumer<String> restored = (database, nanos) -> {};

  /** Of the last one that gave a verdict. For the thread {@code verifier}. */
  private long endMillis;

  private long tookMillis;

  /** When it was last said of a group of stores that it is away. For the thread, too. */
  private final Map<String, Long> warnedMillis = new HashMap<>();

  /**
   * @param backups gives all that there are to verify
   * @param interval how often each is
   * @param state directory with the node's own files; scratch files are below it
   * @param check SQLite's
   * @param clock says when one is due
   */
  public Verifier(
      Supplier<List<Backup>> backups,
      Duration interval,
      Path state,
      DatabaseCheck check,
      Clock clock) {
    this.backups = backups;
    this.interval = interval;
    this.scratch = scratch(state);
    this.file = new VerdictFile(state.resolve("verified.json"));
    this.check = check;
    this.clock = clock;
    for (Verdict verdict : file.read()) {
      // One that was missing is looked at again soon.
      int failures = verdict.result().equals(VerificationStatus.MISSING) ? 1 : 0;
      known.put(
          new Place(verdict.database(), verdict.store()), new Known(verdict, null, failures, 0));
    }
    thread.setDaemon(true);
  }

  private static Path scratch(Path state) {
    return state.resolve("verify");
  }

  /** Removes what a killed node has left below its directory. */
  public static void deleteLeftOvers(Path state) throws IOException {
    Path directory = scratch(state);
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> left = Files.walk(directory)) {
      for (Path path : left.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }

  /** Tells {@code told} of each database that is restored, and how many nanoseconds that took. */
  public void onRestored(ObjLongConsumer<String> told) {
    restored = told;
  }

  public void start() {
    thread.start();
  }

  private void run() {
    long pauseMillis = Math.max(1, Math.min(LOOK_MILLIS, interval.toMillis() / 4));
    try {
      while (!stopped.await(pauseMillis, TimeUnit.MILLISECONDS)) {
        verifyNext();
      }
    } catch (InterruptedException e) {
      log.debug("stopped", e);
    }
  }

  /** Verifies the backup that has waited longest, if that is due. */
  void verifyNext() {
    List<Backup> all = backups.get();
    long now = clock.millis();
    long rest = Math.min(MAX_REST_MILLIS, interval.toMillis() / (2L * Math.max(1, all.size())));
    long since = now - endMillis;
    if (since >= 0 && since < Math.max(rest, tookMillis)) {
      return;
    }
    all.stream()
        .filter(backup -> backup.shipped() != null && dueMillis(backup, now) <= now)
        .min(Comparator.comparingLong(backup -> dueMillis(backup, now)))
        .ifPresent(backup -> verify(backup, all));
  }

  private long dueMillis(Backup backup, long now) {
    Known of = known.get(backup.place());
    if (of == null) {
      return 0;
    }
    if (of.failures() > 0) {
      return of.retryMillis();
    }
    // A clock that was set back must not put it off for as long.
    long last = of.verdict() == null || of.verdict().millis() > now ? 0 : of.verdict().millis();
    return last == 0 ? 0 : last + interval.toMillis();
  }

  private void verify(Backup backup, List<Backup> all) {
    long start = clock.millis();
    try {
      Verdict verdict = verdict(backup);
      tell(backup, verdict);
      remember(backup, verdict);
      write(all);
      endMillis = clock.millis();
      tookMillis = endMillis - start;
    } catch (IOException | RuntimeException e) {
      if (stopped.getCount() != 0) {
        postpone(backup, e);
      }
    }
  }

  private Verdict verdict(Backup backup) throws IOException {
    String place = "the backup at " + backup.to().url();
    try {
      Verification.Outcome outcome = confirmed(backup);
      Position restored = outcome.restored().position();
      Position shipped = backup.shipped();
      if (shipped != null && Long.compareUnsigned(restored.txid(), shipped.txid()) < 0) {
        return verdict(
            backup,
            VerificationStatus.FAILED,
            place
                + " gives no newer state than "
                + restored
                + ", but "
                + shipped
                + " was put there; "
                + putAgain(backup));
      }
      return outcome.gaps().isEmpty()
          ? verdict(backup, VerificationStatus.SOUND, null)
          : verdict(backup, VerificationStatus.INCOMPLETE, place + incomplete(outcome.gaps()));
    } catch (NoBackupException e) {
      return verdict(
          backup,
          VerificationStatus.MISSING,
          place
              + " is not there: see that what it lies on is mounted; if it is lost, "
              + putAgain(backup));
    } catch (DamagedDatabaseException e) {
      return verdict(
          backup,
          VerificationStatus.FAILED,
          place
              + " is of a damaged database: "
              + e.getMessage()
              + "; look at "
              + backup.file()
              + " with PRAGMA integrity_check");
    } catch (NotRestorableException | CorruptLtxException | ChecksumMismatchException e) {
      return verdict(
          backup,
          VerificationStatus.FAILED,
          place + " can't be restored: " + e.getMessage() + "; " + putAgain(backup));
    }
  }

  private Verdict verdict(Backup backup, String result, @Nullable String error) {
    return new Verdict(backup.database(), backup.to().url(), result, clock.millis(), error);
  }

  /** While it was read, the backup may have changed: what is wrong must be so twice. */
  private Verification.Outcome confirmed(Backup backup) throws IOException {
    try {
      return restore(backup);
    } catch (NotRestorableException
        | CorruptLtxException
        | ChecksumMismatchException
        | DamagedDatabaseException e) {
      log.debug("{} at {}: looked at again", backup.database(), backup.to().url(), e);
      return restore(backup);
    }
  }

  private Verification.Outcome restore(Backup backup) throws IOException {
    Files.createDirectories(scratch);
    long free = scratch.toFile().getUsableSpace();
    if (free / ROOM < backup.sizeBytes()) {
      throw new IOException(
          String.format(
              "there must be room for %d times the database, %,d bytes, and %s has %,d left; free"
                  + " some",
              ROOM, ROOM * backup.sizeBytes(), scratch, free));
    }
    Destination to = backup.to();
    long started = System.nanoTime();
    Verification.Outcome outcome =
        Verification.run(
            to.store(),
            to.layout(),
            RestoreOptions.DEFAULT
                .withThreads(1)
                .withReadAhead(!to.url().startsWith("file:"))
                .withIntegrity(IntegrityCheck.FULL, check),
            scratch);
    restored.accept(backup.database(), System.nanoTime() - started);
    return outcome;
  }

  private static String putAgain(Backup backup) {
    // A file that is there is not put again, so the snapshot must be of another state.
    return "after a further commit put a new snapshot there with 'sluice snapshot "
        + backup.file()
        + "', then see 'sluice verify "
        + backup.to().url()
        + "'";
  }

  private static String incomplete(List<BackupSummary.Gap> gaps) {
    BackupSummary.Gap last = gaps.get(gaps.size() - 1);
    return String.format(
        " is sound, but has no transactions in %,d place%s, the last after %s: the states there"
            + " can't be restored, 'sluice backups' shows which",
        gaps.size(), gaps.size() == 1 ? "" : "s", last.after());
  }

  private void tell(Backup backup, Verdict verdict) {
    Known before = known.get(backup.place());
    boolean wasSound =
        before == null
            || before.verdict() == null
            || before.verdict().result().equals(VerificationStatus.SOUND);
    switch (verdict.result()) {
      case VerificationStatus.SOUND -> {
        if (!wasSound) {
          log.info("{}: the backup at {} is sound again", backup.database(), backup.to().url());
        }
      }
      case VerificationStatus.INCOMPLETE -> log.warn("{}: {}", backup.database(), verdict.error());
      default -> log.error("{}: {}", backup.database(), verdict.error());
    }
  }

  private void remember(Backup backup, Verdict verdict) {
    boolean soon = verdict.result().equals(VerificationStatus.MISSING);
    Known before = known.get(backup.place());
    int failures = soon ? (before == null ? 1 : before.failures() + 1) : 0;
    known.put(
        backup.place(), new Known(verdict, null, failures, clock.millis() + retryMillis(failures)));
  }

  private void write(List<Backup> all) {
    List<Verdict> verdicts = new ArrayList<>();
    for (Backup backup : all) {
      Known of = known.get(backup.place());
      if (of != null && of.verdict() != null) {
        verdicts.add(of.verdict());
      }
    }
    try {
      file.write(verdicts);
    } catch (IOException e) {
      log.warn("the results of verifying are not kept over a restart: {}", e.getMessage());
    }
  }

  private void postpone(Backup backup, Exception e) {
    Known before = known.get(backup.place());
    int failures = before == null ? 1 : before.failures() + 1;
    long waitMillis = retryMillis(failures);
    String why = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    known.put(
        backup.place(),
        new Known(
            before == null ? null : before.verdict(), why, failures, clock.millis() + waitMillis));
    String group = backup.to().group();
    long now = clock.millis();
    // All that is in a store is away with it.
    if (Math.abs(now - warnedMillis.getOrDefault(group, 0L)) >= WARN_MILLIS) {
      warnedMillis.put(group, now);
      log.warn(
          "{}: the backup at {} could not be verified, which says nothing of the backup itself,"
              + " {} failures in a row, next try in {} s: {}",
          backup.database(),
          backup.to().url(),
          failures,
          TimeUnit.MILLISECONDS.toSeconds(waitMillis),
          why);
    }
    log.debug("{} at {}", backup.database(), backup.to().url(), e);
  }

  private long retryMillis(int failures) {
    long wait = FIRST_RETRY_MILLIS << Math.min(10, Math.max(0, failures - 1));
    return Math.min(Math.min(wait, MAX_RETRY_MILLIS), interval.toMillis());
  }

  /** How the backup of a database at a URL was found last. */
  public VerificationStatus status(String database, String url) {
    Known of = known.get(new Place(database, url));
    Verdict verdict = of == null ? null : of.verdict();
    String postponed = of == null ? null : of.postponed();
    return verdict == null
        ? new VerificationStatus(VerificationStatus.PENDING, 0, null, postponed)
        : new VerificationStatus(verdict.result(), verdict.millis(), verdict.error(), postponed);
  }

  /** Stops, also in the middle of one. */
  @Override
  public void close() {
    stopped.countDown();
    thread.interrupt();
    try {
      thread.join(STOP_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
