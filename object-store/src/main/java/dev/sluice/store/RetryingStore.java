package dev.sluice.store;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Repeats what failed with {@link StoreUnavailableException}, waiting longer each time.
 *
 * <p>A conditional put whose first try failed may have happened all the same; its repetition then
 * finds the condition broken by itself. So when a condition fails after such a failure and the
 * object there has exactly the content to put, the put counts as done. That also holds when it was
 * given up in between: keys whose fate is unknown are remembered, so the caller may try again
 * later.
 *
 * <p>Streams that fail while they are read are the reader's to repeat: it knows how far it came.
 */
public final class RetryingStore implements ObjectStore {
  /** Waits. */
  public interface Sleeper {
    void sleep(Duration time) throws InterruptedException;
  }

  /** One operation on the store. */
  private interface Attempt<T> {
    T run() throws IOException;
  }

  private static final Logger LOG = LoggerFactory.getLogger(RetryingStore.class);

  /** More are forgotten: a shipper has one put under way for each database. */
  private static final int MOST_KEYS = 10_000;

  private final ObjectStore store;
  private final Backoff backoff;
  private final Sleeper sleeper;
  private final RandomGenerator random;

  /** Keys of conditional puts that were given up and may have happened all the same. */
  private final Set<String> uncertain = ConcurrentHashMap.newKeySet();

  public RetryingStore(ObjectStore store, Backoff backoff) {
    this(store, backoff, time -> Thread.sleep(time.toMillis()), new Random());
  }

  /** With the waits and the randomness given; both must be safe for use by many threads. */
  public RetryingStore(
      ObjectStore store, Backoff backoff, Sleeper sleeper, RandomGenerator random) {
    this.store = store;
    this.backoff = backoff;
    this.sleeper = sleeper;
    this.random = random;
  }

  @Override
  public Optional<ObjectInfo> head(String key) throws IOException {
    return retry(() -> store.head(key));
  }

  @Override
  public InputStream get(String key, ByteRange range) throws IOException {
    return retry(() -> store.get(key, range));
  }

  @Override
  public void readFully(String key, long offset, ByteBuffer buffer) throws IOException {
    int start = buffer.position();
    retry(
        () -> {
          buffer.position(start);
          store.readFully(key, offset, buffer);
          return true;
        });
  }

  @Override
  public Etag put(
      String key, ByteSource content, Map<String, String> metadata, PutCondition condition)
      throws IOException {
    boolean[] mayHaveHappened = {uncertain.contains(key)};
    try {
      Etag etag =
          retry(
              () -> {
                try {
                  return store.put(key, content, metadata, condition);
                } catch (PreconditionFailedException e) {
                  Optional<Etag> own =
                      mayHaveHappened[0] ? ownEarlierPut(key, content) : Optional.empty();
                  return own.orElseThrow(() -> e);
                } catch (StoreUnavailableException e) {
                  mayHaveHappened[0] = true;
                  throw e;
                }
              });
      uncertain.remove(key);
      return etag;
    } catch (PreconditionFailedException e) {
      uncertain.remove(key);
      throw e;
    } catch (IOException e) {
      if (mayHaveHappened[0] && condition != PutCondition.NONE && uncertain.size() < MOST_KEYS) {
        uncertain.add(key);
      }
      throw e;
    }
  }

  private Optional<Etag> ownEarlierPut(String key, ByteSource content) throws IOException {
    Optional<ObjectInfo> present = store.head(key);
    if (present.isEmpty() || present.get().sizeBytes() != content.sizeBytes()) {
      return Optional.empty();
    }
    try (InputStream stored = store.get(key, ByteRange.ALL);
        InputStream ours = content.open()) {
      byte[] a = new byte[1 << 16];
      byte[] b = new byte[1 << 16];
      int n;
      do {
        n = stored.readNBytes(a, 0, a.length);
        if (ours.readNBytes(b, 0, b.length) != n || !Arrays.equals(a, 0, n, b, 0, n)) {
          return Optional.empty();
        }
      } while (n > 0);
    } catch (ObjectNotFoundException e) {
      return Optional.empty();
    }
    return Optional.of(present.get().etag());
  }

  @Override
  public boolean checksConditions() {
    return store.checksConditions();
  }

  @Override
  public Stream<ObjectInfo> list(String prefix, String startAfter) throws IOException {
    return retry(() -> store.list(prefix, startAfter));
  }

  @Override
  public void delete(Collection<String> keys) throws IOException {
    retry(
        () -> {
          store.delete(keys);
          return true;
        });
  }

  @Override
  public void close() throws IOException {
    store.close();
  }

  @Override
  public String toString() {
    return store.toString();
  }

  private <T> T retry(Attempt<T> attempt) throws IOException {
    for (int n = 1; ; n++) {
      try {
        return attempt.run();
      } catch (StoreUnavailableException e) {
        if (n >= backoff.attempts()) {
          throw n == 1
              ? e
              : new StoreUnavailableException(e.getMessage() + " (tried " + n + " times)", e);
        }
        Duration wait = backoff.before(n, random);
        LOG.debug("{}; next try in {} ms", e.getMessage(), wait.toMillis());
        pause(wait, e);
      }
    }
  }

  private void pause(Duration wait, IOException failure) throws InterruptedIOException {
    try {
      sleeper.sleep(wait);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException stopped =
          new InterruptedIOException("stopped while waiting to repeat: " + failure.getMessage());
      stopped.initCause(failure);
      throw stopped;
    }
  }
}
