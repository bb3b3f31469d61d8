package dev.sluice.ship;

import dev.sluice.ship.Shipper.Destination;
import dev.sluice.store.ByteRange;
import dev.sluice.store.ByteSource;
import dev.sluice.store.Etag;
import dev.sluice.store.ObjectInfo;
import dev.sluice.store.ObjectNotFoundException;
import dev.sluice.store.PreconditionFailedException;
import dev.sluice.store.PutCondition;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who writes to one place: an object {@code sluice-writer} there that names the node, replaced by
 * whoever comes last. The names of LTX files alone don't keep two writers apart that go on from one
 * history, as they seldom cut it in the same places.
 *
 * <p>Before a file is put, the claim must have been seen for the last {@link #CHECK_MILLIS}.
 * Whoever takes it from another node waits for longer than that before it looks at what is there,
 * so that the other has stopped by then. Nothing is asked while nothing is put. Safe for use by
 * many threads.
 */
final class WriterClaim {
  private static final Logger log = LoggerFactory.getLogger(WriterClaim.class);

  static final String NAME = "sluice-writer";
  static final long CHECK_MILLIS = 10_000;
  static final long TAKE_OVER_MILLIS = CHECK_MILLIS + 5_000;

  private static final int MAX_BYTES = 1024;

  private final Destination destination;
  private final String key;
  private final Writer self;
  private final LongSupplier nanoTime;
  private final ReentrantLock lock = new ReentrantLock();

  /** Of the claim as this node has put it; null before. Guarded by {@link #lock}. */
  private @Nullable Etag etag;

  private long checkedNanos;
  private long usableNanos;

  /**
   * A process that writes.
   *
   * @param node stays with a data directory
   * @param process who it is for people, different for each start
   */
  record Writer(String node, String process) {
    byte[] bytes() {
      return (node + "\n" + process + "\n").getBytes(StandardCharsets.UTF_8);
    }

    static Writer self(String node, Instant since) {
      String host;
      try {
        host = Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
      } catch (IOException e) {
        host = "unknown host";
      }
      return new Writer(
          node,
          String.format(
              "process %d on %s, started %s",
              ProcessHandle.current().pid(), host, since.truncatedTo(ChronoUnit.SECONDS)));
    }

    static Writer parse(byte[] bytes) {
      List<String> lines = new String(bytes, StandardCharsets.UTF_8).lines().toList();
      return new Writer(
          lines.isEmpty() ? "" : lines.get(0), lines.size() < 2 ? "another node" : lines.get(1));
    }
  }

  WriterClaim(Destination destination, Writer self, LongSupplier nanoTime) {
    this.destination = destination;
    this.key = destination.layout().keyBeside(NAME);
    this.self = self;
    this.nanoTime = nanoTime;
  }

  /** Looks at what is there, changes nothing, and throws why this node may not go on there. */
  interface Check {
    void run() throws IOException;
  }

  /**
   * Takes the place; it may be written to when this returns.
   *
   * @param mayTakeOver asked before it is taken from another process
   * @throws TakingOverException when another node had it and did not give it back
   */
  void take(Check mayTakeOver) throws IOException {
    lock.lock();
    try {
      long now = nanoTime.getAsLong();
      if (etag == null) {
        Optional<ObjectInfo> there = destination.store().head(key);
        Writer other = there.isPresent() ? read() : null;
        if (other != null) {
          mayTakeOver.run();
        }
        try {
          etag =
              destination
                  .store()
                  .put(
                      key,
                      ByteSource.of(self.bytes()),
                      Map.of(),
                      there
                          .map(info -> PutCondition.ifMatch(info.etag()))
                          .orElse(PutCondition.IF_ABSENT));
        } catch (PreconditionFailedException e) {
          throw new IOException(
              "another node begins to write to " + destination.url() + " at this moment", e);
        }
        checkedNanos = now;
        usableNanos = now;
        if (other != null && !other.node().equals(self.node())) {
          usableNanos += TimeUnit.MILLISECONDS.toNanos(TAKE_OVER_MILLIS);
          log.warn(
              "{}: taken over from {}, which did not give it back; should it still run, it stops writing there",
              destination.url(),
              other.process());
        }
      }
      long waitNanos = usableNanos - now;
      if (waitNanos > 0) {
        throw new TakingOverException(
            destination.url(), TimeUnit.NANOSECONDS.toMillis(waitNanos) + 1);
      }
    } finally {
      lock.unlock();
    }
  }

  private Writer read() throws IOException {
    try (InputStream in = destination.store().get(key, ByteRange.ALL)) {
      return Writer.parse(in.readNBytes(MAX_BYTES));
    } catch (ObjectNotFoundException e) {
      return new Writer("", "another node");
    }
  }

  /**
   * Makes sure, if that was not just done, that nobody has taken the place.
   *
   * @throws SecondWriterException when somebody has
   */
  void check() throws IOException {
    lock.lock();
    try {
      long now = nanoTime.getAsLong();
      if (now - checkedNanos < TimeUnit.MILLISECONDS.toNanos(CHECK_MILLIS)) {
        return;
      }
      Optional<Etag> there = destination.store().head(key).map(ObjectInfo::etag);
      if (there.isEmpty() || !there.get().equals(etag)) {
        throw new SecondWriterException(
            (there.isEmpty() ? "somebody has deleted" : read().process() + " has taken over")
                + " the backup at "
                + destination.url());
      }
      checkedNanos = now;
    } finally {
      lock.unlock();
    }
  }

  /** Gives the place back, unless somebody has taken it. */
  void release() throws IOException {
    lock.lock();
    try {
      Etag ours = etag;
      if (ours != null
          && destination.store().head(key).map(ObjectInfo::etag).filter(ours::equals).isPresent()) {
        destination.store().delete(List.of(key));
      }
      etag = null;
    } finally {
      lock.unlock();
    }
  }

  /** Not before the node that had the place has stopped. */
  static final class TakingOverException extends IOException {
    private static final long serialVersionUID = 1;

    private final long millis;

    TakingOverException(String url, long millis) {
      super(
          url
              + " is being taken over from another node; that takes "
              + (millis + 999) / 1000
              + " s more");
      this.millis = millis;
    }

    /** How long it takes. */
    long millis() {
      return millis;
    }
  }
}
