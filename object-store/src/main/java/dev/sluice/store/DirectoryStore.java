package dev.sluice.store;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A store whose objects are the files below a directory, in the layout that Litestream's file
 * replicas have, so that either reads what the other wrote.
 *
 * <pre>
 * root/ltx/0/0000000000000001-0000000000000001.ltx     an object; its time is the file's
 * root/ltx/0/.sluice-meta/0000…1-0000…1.ltx.meta       its metadata, one "name: value" a line
 * root/ltx/0/.sluice-lock                              locked while a put or delete changes ltx/0
 * root/ltx/0/.sluice-tmp-4711-…                        a put under way, or one that was killed
 * </pre>
 *
 * <p>A put writes and syncs a temporary file in the same directory (or links one that will not
 * change any more, {@link ByteSource#file}), then takes the directory's lock, checks the condition,
 * places the metadata, then the object (by a hard link where nothing may be replaced, which also
 * holds against writers that know no lock), and syncs the directory. An etag is made of
 * modification time, size and file identity; times of successive versions of a key ascend.
 */
public final class DirectoryStore implements ObjectStore {
  private static final String TEMPORARY = Keys.RESERVED + "tmp-";

  /** No put takes this long: an older temporary file was left by a process that died. */
  private static final Duration STALE = Duration.ofDays(1);

  private static final int BUFFER_BYTES = 1 << 18;
  private static final int BLOCK_BYTES = DirectChannel.BLOCK_BYTES;

  /** Objects from this size on are written past the page cache, … */
  private static final long DIRECT_FROM_BYTES = 32 << 20;

  /** … in pieces of this size. */
  private static final int DIRECT_BYTES = 4 << 20;

  private final Path root;
  private final Clock clock;
  private final Set<Path> swept = ConcurrentHashMap.newKeySet();

  /** A store below {@code root}, which the first put creates if need be. */
  public DirectoryStore(Path root) {
    this(root, Clock.systemUTC());
  }

  DirectoryStore(Path root, Clock clock) {
    this.root = root.toAbsolutePath().normalize();
    this.clock = clock;
  }

  @Override
  public Optional<ObjectInfo> head(String key) throws IOException {
    Path file = file(key);
    try {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      if (!attributes.isRegularFile()) {
        return Optional.empty();
      }
      return Optional.of(DirectoryListing.info(key, attributes, Sidecar.read(file)));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      if (isBelowFile(e)) {
        return Optional.empty();
      }
      throw failed("head", key, e);
    }
  }

  @Override
  public InputStream get(String key, ByteRange range) throws IOException {
    FileChannel channel = openForRead(key);
    try {
      channel.position(range.offset());
      return new BoundedInputStream(
          Channels.newInputStream(channel), range.lengthWithin(channel.size()));
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  @Override
  public void readFully(String key, long offset, ByteBuffer buffer) throws IOException {
    int wanted = buffer.remaining();
    int start = buffer.position();
    try (FileChannel channel = openForRead(key)) {
      while (buffer.hasRemaining()) {
        if (channel.read(buffer, offset + buffer.position() - start) < 0) {
          throw ObjectStore.endOfObject(key, offset, wanted, buffer.position() - start);
        }
      }
    } catch (EOFException e) {
      throw e;
    } catch (FileSystemException e) {
      throw failed("read", key, e);
    }
  }

  private FileChannel openForRead(String key) throws IOException {
    Path file = file(key);
    try {
      if (Files.isDirectory(file)) {
        throw new ObjectNotFoundException(this, key);
      }
      return FileChannel.open(file, StandardOpenOption.READ);
    } catch (NoSuchFileException e) {
      throw new ObjectNotFoundException(this, key);
    } catch (FileSystemException e) {
      if (isBelowFile(e)) {
        throw new ObjectNotFoundException(this, key);
      }
      throw failed("get", key, e);
    }
  }

  @Override
  public Etag put(
      String key, ByteSource content, Map<String, String> metadata, PutCondition condition)
      throws IOException {
    Keys.checkMetadata(metadata);
    Path file = file(key);
    Optional<Instant> contentTime = contentTime(metadata);
    try {
      Path directory = createDirectories(file);
      sweep(directory);
      Path temporary = temporaryIn(directory);
      try {
        if (!link(temporary, content)) {
          write(temporary, content);
        }
        try (DirectoryLock lock = DirectoryLock.of(directory)) {
          lock.ensureHeld();
          return place(temporary, file, key, metadata, contentTime, condition);
        }
      } finally {
        Files.deleteIfExists(temporary);
      }
    } catch (PreconditionFailedException e) {
      throw e;
    } catch (IOException e) {
      throw failed("put", key, e);
    }
  }

  private static Optional<Instant> contentTime(Map<String, String> metadata) {
    String text = metadata.get(TIMESTAMP);
    try {
      return text == null ? Optional.empty() : Optional.of(Instant.parse(text));
    } catch (DateTimeParseException e) {
      throw new IllegalArgumentException(
          "metadata " + TIMESTAMP + ": not a time: '" + text + "'", e);
    }
  }

  private Path createDirectories(Path file) throws IOException {
    Path directory = parent(file);
    if (!Files.isDirectory(directory)) {
      Files.createDirectories(directory);
      for (Path d = directory; !d.equals(root); d = parent(d)) {
        sync(parent(d));
      }
      sync(parent(root));
    }
    return directory.toRealPath();
  }

  /** Takes the content's own file over, where that can be; false when it has to be copied. */
  private static boolean link(Path temporary, ByteSource content) throws IOException {
    Path own = content.file().orElse(null);
    if (own == null) {
      return false;
    }
    try {
      Files.createLink(temporary, own);
    } catch (IOException | UnsupportedOperationException e) {
      // Another file system, one without links, or the file of another user.
      return false;
    }
    try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
      if (channel.size() != content.sizeBytes()) {
        throw changed(content, channel.size());
      }
      channel.force(true);
    }
    return true;
  }

  private static IOException changed(ByteSource content, long sizeBytes) {
    return new IOException(
        String.format(
            "the content has %,d bytes, %,d were announced: did %s change?",
            sizeBytes, content.sizeBytes(), content));
  }

  private static void write(Path temporary, ByteSource content) throws IOException {
    long size = content.sizeBytes();
    try (ReadableByteChannel in = content.openChannel();
        FileChannel out =
            FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        FileChannel direct = size < DIRECT_FROM_BYTES ? null : DirectChannel.open(temporary)) {
      long written =
          size < DIRECT_FROM_BYTES
              ? copy(in, out, ByteBuffer.allocate((int) Math.min(BUFFER_BYTES, Math.max(1, size))))
              : copyLarge(in, out, direct);
      if (written != size) {
        throw changed(content, written);
      }
      out.force(true);
    }
  }

  private static long copy(ReadableByteChannel in, FileChannel out, ByteBuffer buffer)
      throws IOException {
    long written = 0;
    while (fill(in, buffer.clear())) {
      written = writeFully(out, buffer.flip(), written);
    }
    return written;
  }

  /** Reads on while it writes. */
  private static long copyLarge(
      ReadableByteChannel in, FileChannel out, @Nullable FileChannel direct) throws IOException {
    ByteBuffer bytes = buffer();
    ByteBuffer next = buffer();
    long written = 0;
    boolean more = fill(in, bytes);
    while (more) {
      ByteBuffer ahead = next.clear();
      FutureTask<Boolean> reading = new FutureTask<>(() -> fill(in, ahead));
      Thread reader = new Thread(reading, "store-read-ahead");
      reader.setDaemon(true);
      reader.start();
      try {
        boolean aligned = bytes.flip().remaining() % BLOCK_BYTES == 0;
        written = writeFully(direct != null && aligned ? direct : out, bytes, written);
      } finally {
        more = await(reading);
      }
      next = bytes;
      bytes = ahead;
    }
    return written;
  }

  private static ByteBuffer buffer() {
    return ByteBuffer.allocateDirect(DIRECT_BYTES + BLOCK_BYTES)
        .alignedSlice(BLOCK_BYTES)
        .limit(DIRECT_BYTES)
        .slice();
  }

  private static long writeFully(FileChannel out, ByteBuffer bytes, long at) throws IOException {
    long end = at;
    while (bytes.hasRemaining()) {
      end += out.write(bytes, end);
    }
    return end;
  }

  /** Waits also when interrupted: nothing may touch the source any more. */
  private static boolean await(FutureTask<Boolean> reading) throws IOException {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return reading.get();
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          if (e.getCause() instanceof IOException failure) {
            throw failure;
          }
          throw new IOException(e.getCause());
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Past the page cache, where the file system can do that: large objects would only fill it. */
  /** Reads until the buffer is full or the end has come; false when there was nothing more. */
  private static boolean fill(ReadableByteChannel in, ByteBuffer buffer) throws IOException {
    int n = 0;
    while (n >= 0 && buffer.hasRemaining()) {
      n = in.read(buffer);
    }
    return buffer.position() > 0;
  }

  /** Under the directory's lock: the temporary file becomes the object. */
  private Etag place(
      Path temporary,
      Path file,
      String key,
      Map<String, String> metadata,
      Optional<Instant> contentTime,
      PutCondition condition)
      throws IOException {
    Optional<ObjectInfo> present = head(key);
    if (!condition.allows(present.map(ObjectInfo::etag))) {
      throw new PreconditionFailedException(this, key, condition);
    }
    Instant time = contentTime.orElseGet(() -> ascendingTime(present));
    Files.setLastModifiedTime(temporary, FileTime.from(time));
    // A sidecar beside no object means nothing, one beside another object's content would lie: so
    // it goes first when there is no object, and last (the old one removed before) when there is.
    if (present.isPresent()) {
      Sidecar.delete(file);
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      Sidecar.write(file, metadata);
    } else {
      Sidecar.write(file, metadata);
      linkNew(temporary, file, key, condition);
    }
    sync(parent(file));
    return DirectoryListing.etag(Files.readAttributes(file, BasicFileAttributes.class));
  }

  /** Now, or just after the version that is there, so that etags never come back. */
  private Instant ascendingTime(Optional<ObjectInfo> present) {
    Instant now = clock.instant();
    return present
        .map(info -> info.lastModified().plus(1, ChronoUnit.MICROS))
        .filter(next -> next.isAfter(now))
        .orElse(now);
  }

  private void linkNew(Path temporary, Path file, String key, PutCondition condition)
      throws IOException {
    try {
      Files.createLink(file, temporary);
    } catch (FileAlreadyExistsException e) {
      if (Files.isDirectory(file)) {
        throw e;
      }
      throw new PreconditionFailedException(this, key, condition);
    } catch (UnsupportedOperationException | FileSystemException e) {
      // A file system without hard links: the lock has to do.
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  /** Removes temporary files of processes that died, once per directory. */
  private void sweep(Path directory) throws IOException {
    if (!swept.add(directory)) {
      return;
    }
    Instant oldest = clock.instant().minus(STALE);
    try (var entries = Files.newDirectoryStream(directory, TEMPORARY + "*")) {
      for (Path entry : entries) {
        if (Files.getLastModifiedTime(entry).toInstant().isBefore(oldest)) {
          Files.deleteIfExists(entry);
        }
      }
    }
  }

  @Override
  public boolean checksConditions() {
    return true;
  }

  @Override
  public Stream<ObjectInfo> list(String prefix, String startAfter) throws IOException {
    try {
      return new DirectoryListing(root, prefix, startAfter).stream();
    } catch (IOException e) {
      throw failed("list", prefix, e);
    }
  }

  @Override
  public void delete(Collection<String> keys) throws IOException {
    for (String key : keys) {
      Path file = file(key);
      try {
        if (!Files.isRegularFile(file)) {
          continue;
        }
        Path directory = parent(file).toRealPath();
        try (DirectoryLock lock = DirectoryLock.of(directory)) {
          lock.ensureHeld();
          Files.deleteIfExists(file);
          Sidecar.delete(file);
          sync(directory);
        }
      } catch (IOException e) {
        throw failed("delete", key, e);
      }
    }
  }

  @Override
  public void close() {}

  @Override
  public String toString() {
    return "file://" + root;
  }

  private Path file(String key) {
    return root.resolve(Keys.check(key));
  }

  private static Path temporaryIn(Path directory) {
    return directory.resolve(
        String.format(
            "%s%d-%016x",
            TEMPORARY, ProcessHandle.current().pid(), ThreadLocalRandom.current().nextLong()));
  }

  static Path parent(Path file) {
    Path parent = file.getParent();
    return parent == null ? file : parent;
  }

  static void sync(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** True for the error of a path that goes through a file as if it were a directory. */
  private static boolean isBelowFile(IOException e) {
    return e instanceof NotDirectoryException
        || (e instanceof FileSystemException f && "Not a directory".equals(f.getReason()));
  }

  private IOException failed(String operation, String key, IOException e) {
    if (e instanceof ObjectNotFoundException || e instanceof StoreUnavailableException) {
      return e;
    }
    String where = this + ": " + operation + " '" + key + "': ";
    String reason = String.valueOf(e.getMessage());
    if (reason.contains("No space left") || reason.contains("Disk quota exceeded")) {
      return new StoreUnavailableException(
          where
              + "no space left for it; free some on the file system of "
              + root
              + ", or keep backups for a shorter time",
          e);
    }
    if (reason.contains("Input/output error") || reason.contains("Stale file handle")) {
      return new StoreUnavailableException(where + reason, e);
    }
    return new IOException(where + e.getClass().getSimpleName() + ": " + reason, e);
  }
}
