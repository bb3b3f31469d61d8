package dev.sluice.restore;

import dev.sluice.os.ErrnoException;
import dev.sluice.os.Libc;
import dev.sluice.os.NativeFile;
import dev.sluice.store.DirectChannel;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * A database file being restored: invisible under its name until it is whole and durable.
 *
 * <p>It is written to {@code .<name>.sluice-restore-<random>} beside the target, which is locked
 * meanwhile; a file of that form without a lock was left by a restore that was interrupted. The
 * next restore of the same target goes on with it if there is a {@link PieceJournal} beside it, and
 * removes it otherwise.
 *
 * <p>A large file is written past the page cache where the file system can do that: filling the
 * cache with pages that are written once costs more than decompressing them, and the sync at the
 * end has nothing left to do.
 */
final class TargetFile implements AutoCloseable {
  private static final int BLOCK_BYTES = DirectChannel.BLOCK_BYTES;
  private static final long DIRECT_FROM_BYTES = 32 << 20;
  private static final List<String> COMPANIONS = List.of("-wal", "-shm", "-journal");

  private final Path target;
  private final boolean force;
  private final Path temporary;
  private final RandomAccessFile file;
  private final FileChannel channel;

  /**
   * Writes whole, aligned blocks past the page cache; null where that is not wanted or possible.
   */
  private @Nullable FileChannel direct;

  /** Stays open: closing it would give the lock away. */
  private @Nullable NativeFile reserved;

  private @Nullable PieceJournal journal;
  private boolean kept;

  private TargetFile(Path target, boolean force, Path temporary) throws IOException {
    this.target = target;
    this.force = force;
    this.temporary = temporary;
    this.file = new RandomAccessFile(temporary.toFile(), "rw");
    this.channel = file.getChannel();
  }

  /**
   * Begins a target file, or goes on with what an interrupted restore left of it.
   *
   * @throws FileAlreadyExistsException if the target or what belongs to it is there, unless forced
   */
  static TargetFile create(Path path, boolean force) throws IOException {
    Path target = path.toAbsolutePath();
    checkTarget(target, force);
    // While the backup is looked at.
    Thread loading = new Thread(Libc::load, "restore-load");
    loading.setDaemon(true);
    loading.start();
    TargetFile left = takeLeftovers(target, force);
    if (left != null) {
      return left;
    }
    String name =
        temporaryPrefix(target) + String.format("%016x", ThreadLocalRandom.current().nextLong());
    TargetFile created = new TargetFile(target, force, target.resolveSibling(name));
    try {
      if (!created.lock()) {
        throw new IOException(created.temporary + " is locked by another process");
      }
      return created;
    } catch (IOException | RuntimeException e) {
      created.close();
      throw e;
    }
  }

  private boolean lock() throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }

  private static void checkTarget(Path target, boolean force) throws IOException {
    Path directory = target.getParent();
    if (directory == null || !Files.isDirectory(directory)) {
      throw new NoSuchFileException(
          target + ": its directory does not exist; create it and restore again");
    }
    if (Files.isDirectory(target)) {
      throw new FileSystemException(target + " is a directory; name a file in it");
    }
    if (force) {
      return;
    }
    if (Files.exists(target)) {
      throw new FileAlreadyExistsException(
          target
              + " exists; restore to another name, or stop what uses it and give --force to"
              + " replace it");
    }
    for (String companion : COMPANIONS) {
      Path path = companion(target, companion);
      if (Files.exists(path)) {
        throw new FileAlreadyExistsException(
            path
                + " exists and would be applied to the restored database, which corrupts it; make"
                + " sure nothing uses it, then move it away or give --force to delete it");
      }
    }
  }

  private static Path companion(Path target, String suffix) {
    return target.resolveSibling(target.getFileName() + suffix);
  }

  private static String temporaryPrefix(Path target) {
    return "." + target.getFileName() + ".sluice-restore-";
  }

  /**
   * Removes what killed restores left, but for the largest that can be gone on with: that one is
   * locked and returned.
   */
  private static @Nullable TargetFile takeLeftovers(Path target, boolean force) throws IOException {
    String prefix = temporaryPrefix(target);
    @Nullable TargetFile best = null;
    try (var siblings =
        Files.newDirectoryStream(
            directory(target), path -> String.valueOf(path.getFileName()).startsWith(prefix))) {
      for (Path sibling : siblings) {
        TargetFile left = leftover(target, force, sibling);
        if (left == null) {
          continue;
        }
        if (best == null || left.journalBytes() > best.journalBytes()) {
          TargetFile lesser = best;
          best = left;
          left = lesser;
        }
        if (left != null) {
          left.close();
        }
      }
    }
    if (best != null && best.journalBytes() == 0) {
      best.close();
      return null;
    }
    return best;
  }

  /** Locks a file that a restore left; null if it is under way or not one. */
  private static @Nullable TargetFile leftover(Path target, boolean force, Path path)
      throws IOException {
    if (path.toString().endsWith(PieceJournal.SUFFIX)) {
      String owner = path.toString();
      owner = owner.substring(0, owner.length() - PieceJournal.SUFFIX.length());
      if (!Files.exists(Path.of(owner))) {
        Files.deleteIfExists(path);
      }
      return null;
    }
    if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS) || !isOurs(path)) {
      return null;
    }
    if ((int) Files.getAttribute(path, "unix:nlink", LinkOption.NOFOLLOW_LINKS) > 1) {
      // Killed just after it got its name: it is a database in use now, not to be touched.
      Files.deleteIfExists(PieceJournal.of(path));
      Files.deleteIfExists(path);
      return null;
    }
    TargetFile left = new TargetFile(target, force, path);
    if (left.lock()) {
      return left;
    }
    left.file.close();
    return null;
  }

  /** In a directory that others can write to, what they put there is not gone on with. */
  private static boolean isOurs(Path path) throws IOException {
    Object owner = Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS);
    return owner.equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
  }

  private long journalBytes() throws IOException {
    Path path = PieceJournal.of(temporary);
    return Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS) && isOurs(path)
        ? Files.size(path)
        : 0;
  }

  private static Path directory(Path target) throws NotDirectoryException {
    Path directory = target.getParent();
    if (directory == null) {
      throw new NotDirectoryException(target.toString());
    }
    return directory;
  }

  /**
   * Says of which pieces the database will be made, before its size is set, so that an interrupted
   * restore can be gone on with.
   */
  PieceJournal openJournal(int pageSize, long totalBytes, RestoreListener listener)
      throws IOException {
    PieceJournal opened = PieceJournal.open(this, pageSize, totalBytes, listener);
    journal = opened;
    return opened;
  }

  Path temporary() {
    return temporary;
  }

  /** Leaves what is written for the next restore, instead of discarding it. */
  void keep() {
    kept = true;
  }

  /** Sets the size the database will have; what is never written are zeros. */
  void setSize(long bytes) throws IOException {
    // Not the space of a FileStore: there is none where the mount table lacks it, as in a chroot.
    long usable = directory(target).toFile().getUsableSpace();
    long there = journal == null ? file.length() : journal.earlierBytes();
    if (usable < bytes - there) {
      throw new FileSystemException(
          String.format(
              "%s: the database takes %,d bytes more, its file system has %,d left; free some space"
                  + " or restore elsewhere",
              target, bytes - there, usable));
    }
    file.setLength(bytes);
    if (bytes >= DIRECT_FROM_BYTES && direct == null) {
      direct = DirectChannel.open(temporary);
      if (direct != null) {
        reserve(bytes);
      }
    }
  }

  /** Several threads that write to holes wait for each other, to reserved blocks they don't. */
  private void reserve(long bytes) throws IOException {
    NativeFile opened = NativeFile.open(temporary, Libc.O_WRONLY);
    reserved = opened;
    try {
      opened.reserve(bytes);
    } catch (ErrnoException e) {
      throw new FileSystemException(
          String.format(
              "%s: no room for %,d bytes: %s; free some space or restore elsewhere",
              target, bytes, e.getMessage()));
    }
  }

  /** An empty file for work in between, beside the target; it vanishes when it is closed. */
  FileChannel scratch() throws IOException {
    return FileChannel.open(
        temporary.resolveSibling(temporary.getFileName() + "-scratch"),
        StandardOpenOption.CREATE_NEW,
        StandardOpenOption.READ,
        StandardOpenOption.WRITE,
        StandardOpenOption.DELETE_ON_CLOSE);
  }

  /** Writes all remaining bytes. Safe for use by many threads. */
  void write(long offset, ByteBuffer bytes) throws IOException {
    FileChannel out = direct != null && isAligned(offset, bytes) ? direct : channel;
    long at = offset;
    try {
      while (bytes.hasRemaining()) {
        at += out.write(bytes, at);
      }
    } catch (FileSystemException | ClosedChannelException e) {
      throw e;
    } catch (IOException e) {
      throw new FileSystemException(
          target
              + ": writing it failed: "
              + e.getMessage()
              + "; look at its disk, and restore again or elsewhere");
    }
  }

  /** Reads what was written, as far as there is any. */
  void read(long offset, ByteBuffer bytes) throws IOException {
    int start = bytes.position();
    while (bytes.hasRemaining() && channel.read(bytes, offset + bytes.position() - start) > 0) {}
  }

  private static boolean isAligned(long offset, ByteBuffer bytes) {
    return bytes.isDirect()
        && (offset | bytes.remaining()) % BLOCK_BYTES == 0
        && bytes.alignmentOffset(bytes.position(), BLOCK_BYTES) == 0;
  }

  /** Makes the file durable and gives it its name. */
  void publish() throws IOException {
    channel.force(true);
    Files.deleteIfExists(PieceJournal.of(temporary));
    if (force) {
      for (String companion : COMPANIONS) {
        Files.deleteIfExists(companion(target, companion));
      }
      Files.move(
          temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } else {
      checkTarget(target, false);
      nameWithoutReplacing();
    }
    try (FileChannel directory = FileChannel.open(directory(target), StandardOpenOption.READ)) {
      directory.force(true);
    }
  }

  private void nameWithoutReplacing() throws IOException {
    try {
      Files.createLink(target, temporary);
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (UnsupportedOperationException | FileSystemException e) {
      // A file system without hard links; the check just before has to do.
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  /** Discards the file unless it was published or is kept. */
  @Override
  public void close() throws IOException {
    try (file) {
      if (direct != null) {
        direct.close();
      }
      if (reserved != null) {
        reserved.close();
      }
      if (journal != null) {
        journal.close();
      }
      if (!kept) {
        Files.deleteIfExists(PieceJournal.of(temporary));
        Files.deleteIfExists(temporary);
      }
    }
  }
}
