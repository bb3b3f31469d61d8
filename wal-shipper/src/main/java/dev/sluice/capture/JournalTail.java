package dev.sluice.capture;

import dev.sluice.os.NativeFile;
import dev.sluice.sqlite.RollbackJournal;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Follows the rollback journal of a database: whether a transaction has one, and whether that is
 * the one it had before.
 *
 * <pre>
 *              header written                    unlinked, truncated, header zeroed
 *   inactive ─────────────────► active ────────────────────────────────────────────► inactive
 *                               rolling back, when it was there before anybody could write
 * </pre>
 *
 * <p>Where the kernel writes the file by itself, both ends have to be looked for: the number that
 * SQLite draws for each journal says whether it is another. For one thread at a time, but for
 * {@link #bypassed}.
 */
final class JournalTail {
  private static final int MAGIC = 0xd9d505f9;
  private static final int NONCE_OFFSET = 12;
  private static final long NONE = -1;

  private final DatabaseFiles files;
  private final ByteBuffer head = ByteBuffer.allocateDirect(NONCE_OFFSET + Integer.BYTES);
  private boolean active;
  private boolean rollingBack;
  private volatile boolean bypassed;

  /** The number by which the journal last looked at tells its transactions apart; or NONE. */
  private long nonce = NONE;

  private boolean mainSynced;
  private boolean syncs;

  JournalTail(DatabaseFiles files) {
    this.files = files;
  }

  /** A transaction has one. */
  boolean isActive() {
    return active;
  }

  /**
   * The journal was there before anybody could write: whoever opens the database next rolls it
   * back, and that is no transaction. The main file may be behind the log.
   */
  boolean isRollingBack() {
    return rollingBack;
  }

  /** It is written past Sluice, and has to be looked at. */
  boolean isBypassed() {
    return bypassed;
  }

  /** From now on it may be written past Sluice. */
  void bypassed() {
    bypassed = true;
  }

  /** The main file was fsynced since it began; what is cut at its end is made durable, too. */
  boolean isMainSynced() {
    return mainSynced;
  }

  /** The last transaction that had one was fsynced. */
  boolean syncs() {
    return syncs;
  }

  void mainSynced() {
    mainSynced = active;
  }

  /** Whether {@code data}, written at its begin, is the header of one; zeros end it. */
  static boolean isHeader(ByteBuffer data) {
    return data.get(data.position()) == (byte) (MAGIC >>> 24)
        && data.get(data.position() + 1) == (byte) (MAGIC >>> 16);
  }

  void begins() {
    active = true;
  }

  /** It has lost its meaning. */
  void ended() {
    syncs = mainSynced;
    mainSynced = false;
    active = false;
    rollingBack = false;
    nonce = NONE;
  }

  /** The file goes. */
  void unlinked() {
    files.closeJournal();
    bypassed = false;
  }

  /** Whether the one that was active has ended, where {@code seen} is in the file now. */
  boolean isEndedBy(long seen) {
    return active && nonce != NONE && seen != nonce;
  }

  /** Goes on with what is in the file. */
  void sees(long seen) {
    nonce = seen;
    active = seen != NONE;
  }

  /** The number in the file, for {@link #isEndedBy} and {@link #sees}. */
  long look() throws IOException {
    NativeFile file = files.journal();
    if (file == null) {
      return NONE;
    }
    head.clear();
    return file.read(head, 0) == head.capacity() && head.getInt(0) == MAGIC
        ? Integer.toUnsignedLong(head.getInt(NONCE_OFFSET))
        : NONE;
  }

  /** Looks for one before anybody can write. */
  void load(int pageSize) throws IOException {
    rollingBack = files.hasMain() && find(pageSize) != null;
    active = rollingBack;
  }

  /** What a rollback would write; null when there is no journal that SQLite would roll back. */
  @Nullable RollbackJournal find(int pageSize) throws IOException {
    RollbackJournal found = null;
    if (files.hasJournal()) {
      try (NativeFile file = files.openJournal()) {
        found = RollbackJournal.read(file::read, file.size(), pageSize).orElse(null);
      }
    }
    active = found != null;
    return found;
  }

  void forget() {
    active = false;
    rollingBack = false;
    nonce = NONE;
  }
}
