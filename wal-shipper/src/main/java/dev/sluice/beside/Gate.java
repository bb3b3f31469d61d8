package dev.sluice.beside;

import dev.sluice.connection.IndexFile;
import dev.sluice.sqlite.LockBytes;
import dev.sluice.sqlite.WalIndex;
import java.io.IOException;

/**
 * Keeps applications from beginning the WAL anew, and so from overwriting its frames, before they
 * are captured. Never waits, and never holds a lock that a reader or a writer waits for.
 *
 * <pre>
 *      READ(i ≥ 1) shared,         all is captured,            READ(0) shared,
 *      mark "unused"               and in the main file        no READ(i)
 *      ┌────────┐ ─────────────────────────────────────────► ┌────────┐
 *      │ CLOSED │                                             │  OPEN  │
 *      └────────┘ ◄───────────────────────────────────────── └────────┘
 *        │    ▲     a writer began anew, or appended               ▲
 *        │    └───────────────────┐                                │
 *        │ all is captured,   ┌─────────┐  the checkpoint has ended│
 *        └──────────────────► │ OPENING │ ─────────────────────────┘
 *          and another        └─────────┘
 *          connection checkpoints   no lock
 * </pre>
 *
 * SQLite begins the WAL anew under exclusive locks on READ(1) to READ(4), when every frame is in
 * the database ({@code walRestartLog} and {@code sqlite3WalCheckpoint} in wal.c).
 *
 * <ul>
 *   <li>CLOSED: nobody can begin anew. A mark of "unused" limits no checkpoint and is chosen by no
 *       reader.
 *   <li>OPEN: a checkpoint copies under READ(0), exclusive. So either the WAL begins anew, of which
 *       all is captured, and then again only after a checkpoint of what is new; or frames are
 *       appended, and nothing begins anew before a checkpoint has copied those. Both need the gate
 *       closed first.
 *   <li>OPENING: an application that checkpoints after its commits leaves only a moment before the
 *       next commit, in which the WAL must be free to begin anew; otherwise it checkpoints after
 *       every commit. What another connection appends meanwhile could be checkpointed again and the
 *       WAL begun anew before anybody looks; the counter in the header of the index tells how many
 *       commits that were, and they are still in the file, behind the end of the new generation. On
 *       a machine so busy that a whole generation goes by before anybody looks, some are gone; then
 *       this is not done again for some time.
 * </ul>
 */
final class Gate {
  private static final long MIN_PENALTY_NANOS = 60_000_000_000L;
  private static final long MAX_PENALTY_NANOS = 60 * MIN_PENALTY_NANOS;

  private enum State {
    /** No place could be had: the WAL may begin anew unseen. */
    NONE,
    CLOSED,
    OPENING,
    OPEN
  }

  /** How the WAL may have begun anew. */
  enum Passage {
    NONE,
    /** Once at most, when all was captured. */
    ONE,
    /** After commits that were not, or several times. */
    SOME
  }

  private final IndexFile index;
  private State state = State.NONE;

  /** The place held when closed, otherwise 0. */
  private int place;

  private Passage passage = Passage.NONE;

  /** The mark of the place is that of a snapshot. */
  private boolean limiting;

  private long noOpeningUntil = System.nanoTime();
  private long penaltyNanos = MIN_PENALTY_NANOS;

  Gate(IndexFile index) {
    this.index = index;
  }

  boolean isClosed() {
    return state == State.CLOSED;
  }

  boolean isOpening() {
    return state == State.OPENING;
  }

  boolean isOpen() {
    return state == State.OPEN;
  }

  /** Closes it; false when readers have all places, and it is as it was or limits checkpoints. */
  boolean close() throws IOException {
    if (state == State.CLOSED) {
      if (limiting) {
        endSnapshot();
      }
      return !limiting;
    }
    place = index.tryHoldMark(WalIndex.MARK_UNUSED, 0);
    if (place == 0) {
      return false;
    }
    if (state == State.OPEN) {
      index.unlock(LockBytes.WAL_READ_0, 1);
    }
    passage = state == State.OPEN ? Passage.ONE : state == State.OPENING ? Passage.SOME : passage;
    state = State.CLOSED;
    return true;
  }

  /**
   * So many frames were written before anybody looked that some are gone: no opening for a time.
   */
  void wasTooSlow() {
    noOpeningUntil = System.nanoTime() + penaltyNanos;
    penaltyNanos = Math.min(2 * penaltyNanos, MAX_PENALTY_NANOS);
  }

  boolean mayBeOpening() {
    return System.nanoTime() - noOpeningUntil > 0;
  }

  /**
   * How the WAL may have begun anew before the gate was closed. To be asked once the header was
   * read since: then it knows, and this forgets.
   */
  Passage takePassage() {
    if (state == State.OPEN) {
      return Passage.ONE;
    }
    Passage was = passage;
    passage = Passage.NONE;
    return was;
  }

  /**
   * Goes towards open, as far as that is safe now.
   *
   * @param captured of the generation of the WAL, up to its end when it was last looked at
   */
  void open(WalIndex.Header captured) throws IOException {
    if ((state != State.CLOSED && state != State.OPENING) || (limiting && !close())) {
      return;
    }
    if (index.backfilled() == captured.maxFrame()) {
      openAfterCheckpoint(captured);
    } else if (index.isLockedByOther(LockBytes.WAL_CHECKPOINT, 1)) {
      // A checkpoint that keeps writers out waits for the gate itself, and may come back soon.
      if (state == State.CLOSED
          && mayBeOpening()
          && !index.isLockedByOther(LockBytes.WAL_WRITE, 1)
          && isAt(captured)) {
        letGo();
        state = State.OPENING;
      }
    } else if (state == State.OPENING) {
      openAfterCheckpoint(captured);
    }
  }

  private void openAfterCheckpoint(WalIndex.Header captured) throws IOException {
    if (!index.tryLockShared(LockBytes.WAL_READ_0, 1)) {
      return;
    }
    if (isAt(captured) && index.backfilled() == captured.maxFrame()) {
      letGo();
      state = State.OPEN;
      return;
    }
    index.unlock(LockBytes.WAL_READ_0, 1);
    if (state == State.OPENING) {
      close();
    }
  }

  private void letGo() throws IOException {
    if (place != 0) {
      index.unlock(LockBytes.WAL_READ_0 + place, 1);
      place = 0;
    }
  }

  private boolean isAt(WalIndex.Header captured) throws IOException {
    WalIndex.Header now = index.header().orElse(null);
    return now != null
        && now.maxFrame() == captured.maxFrame()
        && now.salt1() == captured.salt1()
        && now.salt2() == captured.salt2();
  }

  /**
   * Takes a reader's snapshot at {@code frame}, in place of what is held: no checkpoint goes beyond
   * it. {@link #endSnapshot} goes back to a closed gate.
   */
  boolean snapshot(int frame) throws IOException {
    int taken = index.tryHoldMark(frame, place);
    if (taken == 0) {
      return false;
    }
    letGo();
    if (state == State.OPEN) {
      index.unlock(LockBytes.WAL_READ_0, 1);
    }
    passage = Passage.NONE;
    place = taken;
    limiting = true;
    state = State.CLOSED;
    return true;
  }

  /** While readers have all other places, the mark stays and limits checkpoints. */
  void endSnapshot() throws IOException {
    int taken = index.tryHoldMark(WalIndex.MARK_UNUSED, place);
    if (taken != 0) {
      letGo();
      place = taken;
      limiting = false;
    }
  }
}
