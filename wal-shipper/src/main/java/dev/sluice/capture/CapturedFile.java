package dev.sluice.capture;

import java.nio.ByteBuffer;

/**
 * One file of a database, as the filesystem sees it. Every method does what its name says to the
 * file and, where that commits a transaction, cuts it first; the answer is that of the system call,
 * a negative errno for a failure. Safe for use by many threads.
 */
public final class CapturedFile {
  /** What a file is to its database, by its name. */
  enum Kind {
    MAIN,
    WAL,
    JOURNAL
  }

  private final DatabaseCapture database;
  private final Kind kind;

  CapturedFile(DatabaseCapture database, Kind kind) {
    this.database = database;
    this.kind = kind;
  }

  /**
   * Writes the remaining bytes of {@code data}, of which the first has {@code address}.
   *
   * @param caller the thread that writes, as the system numbers it
   */
  public int write(int fd, long offset, ByteBuffer data, long address, int caller) {
    return switch (kind) {
      case MAIN -> database.writeMain(fd, offset, data, address, caller);
      case WAL -> database.writeWal(fd, offset, data, address);
      case JOURNAL -> database.writeJournal(fd, offset, data, address);
    };
  }

  public int truncate(int fd, long size) {
    return switch (kind) {
      case MAIN -> database.truncateMain(fd, size);
      case WAL -> database.truncateWal(fd, size);
      case JOURNAL -> database.truncateJournal(fd, size);
    };
  }

  public int fallocate(int fd, int mode, long offset, long length) {
    return database.fallocate(kind, fd, mode, offset, length);
  }

  /**
   * Returns when the file is on the disk, and the log too where the file alone could not give it
   * again.
   */
  public int fsync(int fd, boolean dataOnly, int caller) {
    return switch (kind) {
      case MAIN -> database.fsyncMain(fd, dataOnly, caller);
      case WAL -> database.fsyncWal(fd, dataOnly);
      case JOURNAL -> database.fsyncJournal(fd, dataOnly);
    };
  }

  /** Before the file's name goes; a negative errno refuses that. */
  public int beforeUnlink() {
    return database.beforeUnlink(kind);
  }

  /** The file's name is gone. */
  public void afterUnlink() {
    database.afterUnlink(kind);
  }

  public boolean isWal() {
    return kind == Kind.WAL;
  }

  /** From now on some writes of the file don't come here; all else does. Waits for nothing. */
  public void bypassed() {
    if (kind == Kind.JOURNAL) {
      database.journalBypassed();
    }
  }

  /** A handle of the file was closed. */
  public void released() {
    if (kind == Kind.JOURNAL) {
      database.journalReleased();
    }
  }

  /** The file has so many open handles now. */
  public void handles(int count) {
    if (kind == Kind.MAIN) {
      database.mainHandles(count);
    }
  }
}
