package dev.sluice.connection;

import dev.sluice.os.Libc;
import dev.sluice.sqlite.LockBytes;
import java.io.IOException;

/** SQLite's locks of the main file, as one connection takes them; see {@link LockBytes}. */
public final class MainLocks {
  private final LockedFile main;

  public MainLocks(LockedFile main) {
    this.main = main;
  }

  /** Takes SHARED unless a writer has EXCLUSIVE or waits for it. */
  public boolean tryShared() throws IOException {
    if (!main.tryRead(LockBytes.PENDING, 1)) {
      return false;
    }
    try {
      return main.tryRead(LockBytes.SHARED_FIRST, LockBytes.SHARED_SIZE);
    } finally {
      main.unlock(LockBytes.PENDING, 1);
    }
  }

  /** Adds RESERVED to SHARED unless another connection has it. */
  public boolean tryReserved() throws IOException {
    return main.tryWrite(LockBytes.RESERVED, 1);
  }

  public void unlockReserved() throws IOException {
    main.unlock(LockBytes.RESERVED, 1);
  }

  public boolean isReservedByOther() throws IOException {
    return main.isLockedByOther(LockBytes.RESERVED, 1);
  }

  public boolean isSharedByOther() throws IOException {
    return main.isLockedByOther(LockBytes.SHARED_FIRST, LockBytes.SHARED_SIZE);
  }

  /** From SHARED to EXCLUSIVE. Keeps new readers out while it waits for the old. */
  public void lockExclusive(int timeoutMillis) throws IOException {
    main.within(timeoutMillis, "PENDING", () -> main.tryWrite(LockBytes.PENDING, 1));
    try {
      main.within(
          timeoutMillis,
          "EXCLUSIVE",
          () -> main.tryWrite(LockBytes.SHARED_FIRST, LockBytes.SHARED_SIZE));
    } catch (IOException | RuntimeException e) {
      main.unlock(LockBytes.PENDING, 1);
      throw e;
    }
  }

  /** From EXCLUSIVE back to SHARED. */
  public void unlockExclusive() throws IOException {
    main.tryLock(Libc.F_RDLCK, LockBytes.SHARED_FIRST, LockBytes.SHARED_SIZE);
    main.unlock(LockBytes.PENDING, 1);
  }

  public void unlockAll() throws IOException {
    main.unlock(LockBytes.PENDING, 2 + LockBytes.SHARED_SIZE);
  }
}
