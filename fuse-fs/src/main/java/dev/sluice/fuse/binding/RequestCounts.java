package dev.sluice.fuse.binding;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;

/** The requests that a mount has answered, by operation. Safe for use by many threads. */
public final class RequestCounts {
  /**
   * The requests of one operation.
   *
   * @param operation as linux/fuse.h calls it, in lower case
   * @param count how many were answered
   * @param nanos how long that took in all, from having read a request to having answered it
   */
  public record Operation(String operation, long count, long nanos) {}

  private final AtomicLongArray counts = new AtomicLongArray(Protocol.OPCODES);
  private final AtomicLongArray nanos = new AtomicLongArray(Protocol.OPCODES);

  void add(int opcode, long took) {
    int slot = opcode >= 0 && opcode < Protocol.OPCODES ? opcode : 0;
    counts.incrementAndGet(slot);
    nanos.addAndGet(slot, took);
  }

  /** Requests of all operations. */
  public long total() {
    long total = 0;
    for (int opcode = 0; opcode < Protocol.OPCODES; opcode++) {
      total += counts.get(opcode);
    }
    return total;
  }

  /** Those operations of which there were any. */
  public List<Operation> operations() {
    List<Operation> all = new ArrayList<>();
    for (int opcode = 0; opcode < Protocol.OPCODES; opcode++) {
      long count = counts.get(opcode);
      if (count > 0) {
        all.add(new Operation(name(opcode), count, nanos.get(opcode)));
      }
    }
    return all;
  }

  private static String name(int opcode) {
    return switch (opcode) {
      case Protocol.LOOKUP -> "lookup";
      case Protocol.FORGET -> "forget";
      case Protocol.GETATTR -> "getattr";
      case Protocol.SETATTR -> "setattr";
      case Protocol.READLINK -> "readlink";
      case Protocol.SYMLINK -> "symlink";
      case Protocol.MKNOD -> "mknod";
      case Protocol.MKDIR -> "mkdir";
      case Protocol.UNLINK -> "unlink";
      case Protocol.RMDIR -> "rmdir";
      case Protocol.RENAME -> "rename";
      case Protocol.LINK -> "link";
      case Protocol.OPEN -> "open";
      case Protocol.READ -> "read";
      case Protocol.WRITE -> "write";
      case Protocol.STATFS -> "statfs";
      case Protocol.RELEASE -> "release";
      case Protocol.FSYNC -> "fsync";
      case Protocol.SETXATTR -> "setxattr";
      case Protocol.GETXATTR -> "getxattr";
      case Protocol.LISTXATTR -> "listxattr";
      case Protocol.REMOVEXATTR -> "removexattr";
      case Protocol.INIT -> "init";
      case Protocol.OPENDIR -> "opendir";
      case Protocol.READDIR -> "readdir";
      case Protocol.RELEASEDIR -> "releasedir";
      case Protocol.FSYNCDIR -> "fsyncdir";
      case Protocol.CREATE -> "create";
      case Protocol.INTERRUPT -> "interrupt";
      case Protocol.DESTROY -> "destroy";
      case Protocol.NOTIFY_REPLY -> "notify_reply";
      case Protocol.BATCH_FORGET -> "batch_forget";
      case Protocol.FALLOCATE -> "fallocate";
      case Protocol.RENAME2 -> "rename2";
      case Protocol.LSEEK -> "lseek";
      default -> "other";
    };
  }
}
