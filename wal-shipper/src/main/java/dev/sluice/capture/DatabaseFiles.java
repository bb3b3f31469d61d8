package dev.sluice.capture;

import dev.sluice.os.ErrnoException;
import dev.sluice.os.FileStatus;
import dev.sluice.os.NativeFile;
import dev.sluice.os.PathCalls;
import org.jspecify.annotations.Nullable;

/**
 * The files of one database, below the mount. Each is opened when it is first asked for, and stays
 * open, under the lock of the {@link DatabaseCapture} that has them.
 */
final class DatabaseFiles {
  private final Capture capture;
  private final String path;
  private @Nullable NativeFile main;
  private @Nullable NativeFile wal;
  private @Nullable NativeFile journal;

  DatabaseFiles(Capture capture, String path) {
    this.capture = capture;
    this.path = path;
  }

  boolean hasMain() {
    return capture.exists(path);
  }

  boolean hasWal() {
    return capture.exists(path + Capture.WAL);
  }

  boolean hasJournal() {
    return capture.exists(path + Capture.JOURNAL);
  }

  NativeFile main() throws ErrnoException {
    NativeFile file = main;
    if (file == null) {
      file = capture.open(path);
      main = file;
    }
    return file;
  }

  NativeFile wal() throws ErrnoException {
    NativeFile file = wal;
    if (file == null) {
      file = capture.open(path + Capture.WAL);
      wal = file;
    }
    return file;
  }

  /** The rollback journal; null when there is none. */
  @Nullable NativeFile journal() throws ErrnoException {
    NativeFile file = journal;
    if (file == null && hasJournal()) {
      file = capture.open(path + Capture.JOURNAL);
      journal = file;
    }
    return file;
  }

  /** The rollback journal, for the caller to close. */
  NativeFile openJournal() throws ErrnoException {
    return capture.open(path + Capture.JOURNAL);
  }

  /** Another file may get the name of the main file. */
  void closeMain() {
    main = close(main);
  }

  void closeWal() {
    wal = close(wal);
  }

  void closeJournal() {
    journal = close(journal);
  }

  void close() {
    closeMain();
    closeWal();
    closeJournal();
  }

  private static @Nullable NativeFile close(@Nullable NativeFile file) {
    if (file != null) {
      file.close();
    }
    return null;
  }

  /** How they look: inodes, sizes, and times of change; {@code -} for one that is not there. */
  String look() {
    String backing = capture.backing(path);
    FileStatus status = new FileStatus();
    StringBuilder text = new StringBuilder();
    for (String suffix : new String[] {"", Capture.WAL, Capture.JOURNAL}) {
      if (PathCalls.stat(backing + suffix, status) < 0) {
        text.append(" -");
        continue;
      }
      text.append(' ').append(status.inode()).append(':').append(status.size());
      text.append(':').append(status.mtimeSeconds()).append('.').append(status.mtimeNanos());
      text.append(':').append(status.ctimeSeconds()).append('.').append(status.ctimeNanos());
    }
    return text.toString();
  }
}
