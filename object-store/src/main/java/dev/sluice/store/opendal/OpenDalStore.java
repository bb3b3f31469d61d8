package dev.sluice.store.opendal;

import dev.sluice.store.ByteRange;
import dev.sluice.store.ByteSource;
import dev.sluice.store.Etag;
import dev.sluice.store.Keys;
import dev.sluice.store.ObjectInfo;
import dev.sluice.store.ObjectNotFoundException;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.PreconditionFailedException;
import dev.sluice.store.PutCondition;
import dev.sluice.store.StoreUnavailableException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.apache.opendal.Capability;
import org.apache.opendal.Entry;
import org.apache.opendal.ListOptions;
import org.apache.opendal.Metadata;
import org.apache.opendal.OpenDALException;
import org.apache.opendal.Operator;
import org.apache.opendal.WriteOptions;
import org.jspecify.annotations.Nullable;

/**
 * A store that OpenDAL reaches.
 *
 * <p>What a service can't do, this makes up for as well as it can:
 *
 * <ul>
 *   <li>Conditions: a service that can put only what is absent does so for objects of up to 8 MiB.
 *       Otherwise this looks, then puts, with other puts through this store held off meanwhile; who
 *       writes elsewhere at the same moment is not noticed.
 *   <li>Whole or absent: a service that shows half of what is being written, but can rename, gets a
 *       temporary file first.
 *   <li>Metadata can't be read back through OpenDAL: it lies beside the object, as {@code
 *       DirectoryStore} has it.
 *   <li>Etags are those of the service, or made of time and size.
 * </ul>
 *
 * <p>A list is held in memory. The native library has no time-outs.
 */
final class OpenDalStore implements ObjectStore {
  /** Content up to this size goes in one piece. */
  private static final int WHOLE_BYTES = 8 << 20;

  private final Operator operator;
  private final Capability can;
  private final String name;
  private final Sidecars sidecars;
  private final ReentrantLock[] locks = new ReentrantLock[64];

  private OpenDalStore(Operator operator, String name) {
    this.operator = operator;
    this.can = operator.info.fullCapability;
    this.name = name;
    this.sidecars = new Sidecars(operator);
    for (int i = 0; i < locks.length; i++) {
      locks[i] = new ReentrantLock();
    }
  }

  static OpenDalStore open(String service, Map<String, String> settings, String name)
      throws IOException {
    try {
      return new OpenDalStore(Operator.of(service, settings), name);
    } catch (OpenDALException e) {
      throw new IOException(name + ": " + firstLine(e));
    } catch (LinkageError | UncheckedIOException e) {
      throw new IOException(
          name
              + ": the native library of Apache OpenDAL does not load here ("
              + e.getMessage()
              + "); it comes for Linux on x86-64 with glibc; for another machine put"
              + " org.apache.opendal:opendal:0.48.2 with its classifier on the class path",
          e);
    }
  }

  @Override
  public Optional<ObjectInfo> head(String key) throws IOException {
    Metadata found = stat(Keys.check(key));
    if (found == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(info(key, found, sidecars.read(key)));
    } catch (OpenDALException e) {
      throw translate("head", key, e);
    }
  }

  /** Null when there is no such object. */
  private @Nullable Metadata stat(String key) throws IOException {
    try {
      Metadata found = operator.stat(key);
      return found.isFile() ? found : null;
    } catch (OpenDALException e) {
      if (isAbsent(e)) {
        return null;
      }
      throw translate("head", key, e);
    }
  }

  static boolean isAbsent(OpenDALException e) {
    return e.getCode() == OpenDALException.Code.NotFound
        || e.getCode() == OpenDALException.Code.NotADirectory
        || firstLine(e).toLowerCase(Locale.ROOT).contains("not a directory");
  }

  private static ObjectInfo info(String key, Metadata found, Map<String, String> metadata) {
    Instant time = found.getLastModified();
    return new ObjectInfo(
        key, found.getContentLength(), time == null ? Instant.EPOCH : time, etag(found), metadata);
  }

  private static Etag etag(Metadata found) {
    if (found.getEtag() != null) {
      return new Etag(found.getEtag());
    }
    Instant time = found.getLastModified() == null ? Instant.EPOCH : found.getLastModified();
    return new Etag(
        String.format("%x.%x-%x", time.getEpochSecond(), time.getNano(), found.getContentLength()));
  }

  @Override
  public InputStream get(String key, ByteRange range) throws IOException {
    // The library must not be asked for more than there is: it ends the process then.
    Metadata found = stat(Keys.check(key));
    if (found == null) {
      throw new ObjectNotFoundException(this, key);
    }
    long length = range.lengthWithin(found.getContentLength());
    return new ChunkedStream(
        length,
        (done, count) -> {
          try {
            return operator.read(key, range.offset() + done, count);
          } catch (OpenDALException e) {
            throw translate("get", key, e);
          }
        });
  }

  @Override
  public Etag put(
      String key, ByteSource content, Map<String, String> metadata, PutCondition condition)
      throws IOException {
    Keys.check(key);
    Keys.checkMetadata(metadata);
    ReentrantLock lock = locks[Math.floorMod(key.hashCode(), locks.length)];
    lock.lock();
    try {
      Metadata present = stat(key);
      if (!condition.allows(Optional.ofNullable(present).map(OpenDalStore::etag))) {
        throw new PreconditionFailedException(this, key, condition);
      }
      if (present != null) {
        sidecars.delete(key);
        letTimePass(present, content.sizeBytes());
      }
      write(key, content, condition);
      sidecars.write(key, metadata);
      return etag(operator.stat(key));
    } catch (OpenDALException e) {
      if (e.getCode() == OpenDALException.Code.ConditionNotMatch
          || e.getCode() == OpenDALException.Code.AlreadyExists) {
        throw new PreconditionFailedException(this, key, condition);
      }
      throw translate("put", key, e);
    } finally {
      lock.unlock();
    }
  }

  /** Where an etag is made of time and size, the next version of the same size needs a new time. */
  private static void letTimePass(Metadata present, long sizeBytes) throws InterruptedIOException {
    Instant time = present.getLastModified();
    if (present.getEtag() != null || time == null || present.getContentLength() != sizeBytes) {
      return;
    }
    Duration resolution =
        time.equals(time.truncatedTo(ChronoUnit.SECONDS))
            ? Duration.ofSeconds(1)
            : Duration.ofMillis(10);
    long waitMillis =
        Math.min(
            resolution.toMillis(),
            Duration.between(Instant.now(), time.plus(resolution)).toMillis());
    if (waitMillis >= 0) {
      try {
        Thread.sleep(waitMillis + 1);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted before a put");
      }
    }
  }

  private void write(String key, ByteSource content, PutCondition condition) throws IOException {
    if (!can.rename) {
      boolean onlyNew = condition == PutCondition.IF_ABSENT && can.writeWithIfNotExists;
      writeTo(key, content, onlyNew);
      return;
    }
    String temporary =
        key.substring(0, key.lastIndexOf('/') + 1)
            + String.format("%stmp-%016x", Keys.RESERVED, ThreadLocalRandom.current().nextLong());
    boolean isPlaced = false;
    try {
      writeTo(temporary, content, false);
      operator.rename(temporary, key);
      isPlaced = true;
    } finally {
      if (!isPlaced) {
        deleteQuietly(temporary);
      }
    }
  }

  private void writeTo(String path, ByteSource content, boolean onlyNew) throws IOException {
    long size = content.sizeBytes();
    if (size > WHOLE_BYTES && can.writeCanMulti) {
      writePieces(path, content);
      return;
    }
    long most = Runtime.getRuntime().maxMemory() / 4;
    if (size > most) {
      throw new IOException(
          String.format(
              "%s: '%s' has %,d bytes, and this kind of store takes an object in one piece only,"
                  + " for which there is memory up to %,d bytes",
              this, path, size, most));
    }
    byte[] bytes = new byte[(int) size];
    try (InputStream in = content.open()) {
      if (in.readNBytes(bytes, 0, bytes.length) != size || in.read() >= 0) {
        throw changed(content);
      }
    }
    operator.write(path, bytes, WriteOptions.builder().ifNotExists(onlyNew).build());
  }

  private void writePieces(String path, ByteSource content) throws IOException {
    long written = 0;
    try (InputStream in = content.open();
        OutputStream out = operator.createOutputStream(path, WHOLE_BYTES)) {
      written = in.transferTo(out);
    }
    if (written != content.sizeBytes()) {
      deleteQuietly(path);
      throw changed(content);
    }
  }

  private static IOException changed(ByteSource content) {
    return new IOException(
        String.format(
            "the content has not the %,d bytes that were announced: did %s change?",
            content.sizeBytes(), content));
  }

  private void deleteQuietly(String path) {
    try {
      operator.delete(path);
    } catch (OpenDALException e) {
      // What made the put fail is on its way to the caller; what is left is in no list.
    }
  }

  @Override
  public Stream<ObjectInfo> list(String prefix, String startAfter) throws IOException {
    String base = prefix.substring(0, prefix.lastIndexOf('/') + 1);
    if (!base.isEmpty()) {
      Keys.check(base.substring(0, base.length() - 1));
    }
    try {
      return operator.list(base, ListOptions.builder().recursive(true).build()).stream()
          .filter(entry -> isWanted(entry.getPath(), prefix, startAfter))
          .sorted((a, b) -> Keys.ORDER.compare(a.getPath(), b.getPath()))
          .flatMap(this::info);
    } catch (OpenDALException e) {
      if (isAbsent(e)) {
        return Stream.empty();
      }
      throw translate("list", prefix, e);
    }
  }

  private static boolean isWanted(String key, String prefix, String startAfter) {
    return !key.endsWith("/")
        && key.startsWith(prefix)
        && Keys.ORDER.compare(key, startAfter) > 0
        && !("/" + key).contains("/" + Keys.RESERVED);
  }

  private Stream<ObjectInfo> info(Entry entry) {
    Metadata found = entry.getMetadata();
    String key = entry.getPath();
    if (found.getLastModified() == null) {
      // Some services list names only.
      try {
        found = operator.stat(key);
      } catch (OpenDALException e) {
        if (isAbsent(e)) {
          return Stream.empty();
        }
        throw new UncheckedIOException(translate("list", key, e));
      }
    }
    return Stream.of(info(key, found, Map.of()));
  }

  @Override
  public void delete(Collection<String> keys) throws IOException {
    keys.forEach(Keys::check);
    for (String key : keys) {
      // Some services delete a directory with all that is in it.
      if (stat(key) == null) {
        continue;
      }
      try {
        operator.delete(key);
        sidecars.delete(key);
      } catch (OpenDALException e) {
        throw translate("delete", key, e);
      }
    }
  }

  /** Without the cause: its text has the request, which may have a signature in its URL. */
  private IOException translate(String operation, String key, OpenDALException e) {
    String message = this + ": " + operation + " '" + key + "': " + firstLine(e);
    return switch (e.getCode()) {
      case NotFound -> new ObjectNotFoundException(this, key);
      case PermissionDenied, ConfigInvalid, Unsupported, IsADirectory, NotADirectory, IsSameFile ->
          new IOException(message);
      default -> new StoreUnavailableException(message, null);
    };
  }

  private static String firstLine(OpenDALException e) {
    String text = String.valueOf(e.getMessage()).strip();
    int end = text.indexOf('\n');
    String line = end < 0 ? text : text.substring(0, end);
    return line.substring(0, Math.min(200, line.length()));
  }

  @Override
  public void close() {
    operator.close();
  }

  @Override
  public String toString() {
    return name;
  }
}
