package dev.sluice.fuse.binding;

import dev.sluice.fuse.binding.FileOperations.AttributeChange;
import dev.sluice.fuse.binding.FileOperations.Attributes;
import dev.sluice.fuse.binding.FileOperations.Caller;
import dev.sluice.fuse.binding.FileOperations.Entry;
import dev.sluice.fuse.binding.FileOperations.FileSystemSpace;
import dev.sluice.fuse.binding.FileOperations.Opened;
import dev.sluice.os.Libc;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes a request apart, asks {@link FileOperations}, and writes the answer. One per thread: its
 * buffers and holders are used again for every request.
 *
 * <pre>
 * request:  length u32 | opcode u32 | unique u64 | node u64 | uid u32 | gid u32 | pid u32 | ext u16, pad u16 | body
 * answer:   length u32 | error i32 (negative errno) | unique u64 | body
 * </pre>
 */
final class RequestHandler implements Connection.Reader {
  private static final Logger log = LoggerFactory.getLogger(RequestHandler.class);

  /** The largest write the kernel sends: 256 pages, its own limit. */
  private static final int MAX_WRITE = 1 << 20;

  private static final int UID = 24;
  private static final int PID = 32;
  private static final int BODY = Protocol.IN_HEADER;
  private static final int REPLY = Protocol.OUT_HEADER;
  private static final int ATTR_BYTES = 88;
  private static final int ENTRY_BYTES = 128;

  private final int device;
  private final FileOperations operations;
  private final ByteBuffer in =
      ByteBuffer.allocateDirect(MAX_WRITE + 8192).order(ByteOrder.nativeOrder());
  private final ByteBuffer data = in.duplicate();
  private final ByteBuffer out =
      ByteBuffer.allocateDirect(MAX_WRITE + 4096).order(ByteOrder.nativeOrder());
  private final long inAddress = Libc.address(in);
  private final long outAddress = Libc.address(out);
  private final Attributes attributes = new Attributes();
  private final Entry entry = new Entry();
  private final Opened opened = new Opened();
  private final AttributeChange change = new AttributeChange();
  private final FileSystemSpace space = new FileSystemSpace();
  private final int[] error = new int[1];
  private int end;

  RequestHandler(int device, FileOperations operations) {
    this.device = device;
    this.operations = operations;
  }

  @Override
  public long read() {
    return Libc.read(device, inAddress, in.capacity());
  }

  @Override
  public int handle(int length) {
    end = length;
    int opcode = in.getInt(4);
    long unique = in.getLong(8);
    long node = in.getLong(16);
    int result;
    try {
      result = answer(opcode, node);
    } catch (RuntimeException | Error e) {
      log.error("request {} on node {} failed", opcode, node, e);
      result = -Errno.EIO;
    }
    if (result != NO_ANSWER) {
      reply(unique, result);
    }
    return opcode;
  }

  private static final int NO_ANSWER = Integer.MIN_VALUE;

  /** A negative errno, or the number of body bytes put into {@link #out}. */
  private int answer(int opcode, long node) {
    return switch (opcode) {
      case Protocol.LOOKUP -> entry(operations.lookup(node, name(BODY), entry));
      case Protocol.FORGET -> forget(node);
      case Protocol.BATCH_FORGET -> forgetMany();
      case Protocol.GETATTR -> attributes(operations.getattr(node, attributes));
      case Protocol.SETATTR -> attributes(operations.setattr(node, change(), attributes));
      case Protocol.READLINK -> bytes(operations.readlink(node, error));
      case Protocol.SYMLINK -> symlink(node);
      case Protocol.MKNOD ->
          entry(
              operations.mknod(
                  node, name(BODY + 16), in.getInt(BODY), in.getInt(BODY + 4), caller(), entry));
      case Protocol.MKDIR ->
          entry(operations.mkdir(node, name(BODY + 8), in.getInt(BODY), caller(), entry));
      case Protocol.UNLINK -> operations.unlink(node, name(BODY), in.getInt(PID));
      case Protocol.RMDIR -> operations.rmdir(node, name(BODY));
      case Protocol.RENAME -> rename(node, BODY + 8, 0);
      case Protocol.RENAME2 -> rename(node, BODY + 16, in.getInt(BODY + 8));
      case Protocol.LINK -> entry(operations.link(in.getLong(BODY), node, name(BODY + 8), entry));
      case Protocol.OPEN ->
          opened(
              operations.open(node, in.getInt(BODY), killsOnOpen(BODY + 4), in.getInt(PID), opened),
              0);
      case Protocol.CREATE -> create(node);
      case Protocol.READ ->
          operations.read(
              node,
              in.getLong(BODY),
              in.getLong(BODY + 8),
              Math.min(in.getInt(BODY + 16), MAX_WRITE),
              outAddress + REPLY);
      case Protocol.WRITE -> write(node);
      case Protocol.STATFS -> space(operations.statfs(space));
      case Protocol.RELEASE -> operations.release(node, in.getLong(BODY));
      case Protocol.FSYNC ->
          operations.fsync(
              node,
              in.getLong(BODY),
              (in.getInt(BODY + 8) & Protocol.FSYNC_DATA_ONLY) != 0,
              in.getInt(PID));
      case Protocol.SETXATTR -> setxattr(node);
      case Protocol.GETXATTR -> sized(operations.getxattr(node, name(BODY + 8), error));
      case Protocol.LISTXATTR -> sized(operations.listxattr(node, error));
      case Protocol.REMOVEXATTR -> operations.removexattr(node, name(BODY));
      case Protocol.INIT -> init();
      case Protocol.OPENDIR -> opened(operations.opendir(node, opened), 0);
      case Protocol.READDIR -> readdir();
      case Protocol.RELEASEDIR -> operations.releasedir(in.getLong(BODY));
      case Protocol.FSYNCDIR -> operations.fsyncdir(node);
      case Protocol.FALLOCATE ->
          operations.fallocate(
              node,
              in.getLong(BODY),
              in.getLong(BODY + 8),
              in.getLong(BODY + 16),
              in.getInt(BODY + 24),
              // The request does not say it, other than those for writing and opening.
              in.getInt(UID) != 0);
      case Protocol.LSEEK -> lseek(node);
      case Protocol.INTERRUPT, Protocol.NOTIFY_REPLY -> NO_ANSWER;
      case Protocol.DESTROY -> 0;
      // The kernel then never asks again and does without. FLUSH and the lock operations are among
      // these on purpose: the kernel keeps the locks.
      default -> -Errno.ENOSYS;
    };
  }

  private int forget(long node) {
    operations.forget(node, in.getLong(BODY));
    return NO_ANSWER;
  }

  private int forgetMany() {
    for (int i = 0, n = in.getInt(BODY); i < n; i++) {
      operations.forget(in.getLong(BODY + 8 + i * 16), in.getLong(BODY + 16 + i * 16));
    }
    return NO_ANSWER;
  }

  private int symlink(long node) {
    String name = name(BODY);
    byte[] target = name(BODY + name.length() + 1).getBytes(StandardCharsets.ISO_8859_1);
    return entry(operations.symlink(node, name, target, caller(), entry));
  }

  private void reply(long unique, int result) {
    int bodyBytes = Math.max(result, 0);
    out.putInt(0, REPLY + bodyBytes);
    out.putInt(4, Math.min(result, 0));
    out.putLong(8, unique);
    long n = Libc.write(device, outAddress, REPLY + bodyBytes);
    // ENOENT: the request was interrupted and is gone. ENODEV: unmounted meanwhile.
    if (n < 0 && n != -Errno.ENOENT && n != -Errno.ENODEV) {
      log.error("answering a request failed with errno {}", -n);
    }
  }

  private int init() {
    int minor = Math.min(in.getInt(BODY + 4), Protocol.MINOR);
    int wanted =
        Protocol.INIT_ASYNC_READ
            | Protocol.INIT_ATOMIC_O_TRUNC
            | Protocol.INIT_BIG_WRITES
            | Protocol.INIT_PARALLEL_DIROPS
            | Protocol.INIT_MAX_PAGES
            | Protocol.INIT_CACHE_SYMLINKS
            | Protocol.INIT_EXPLICIT_INVAL_DATA
            | Protocol.INIT_HANDLE_KILLPRIV_V2
            | Protocol.INIT_EXT;
    int wanted2 = Protocol.INIT2_DIRECT_IO_ALLOW_MMAP | Protocol.INIT2_PASSTHROUGH;
    zero(64);
    out.putInt(REPLY, Protocol.MAJOR);
    out.putInt(REPLY + 4, minor);
    out.putInt(REPLY + 8, Math.max(in.getInt(BODY + 8), 1 << 17));
    int flags = in.getInt(BODY + 12) & wanted;
    out.putInt(REPLY + 12, flags);
    out.putShort(REPLY + 16, (short) 64);
    out.putShort(REPLY + 18, (short) 48);
    out.putInt(REPLY + 20, MAX_WRITE);
    out.putInt(REPLY + 24, 1);
    out.putShort(REPLY + 28, (short) (MAX_WRITE / 4096));
    if ((flags & Protocol.INIT_EXT) != 0) {
      out.putInt(REPLY + 32, in.getInt(BODY + 16) & wanted2);
      // How many filesystems may lie one above another, this one counted.
      out.putInt(REPLY + 36, 1);
    }
    return 64;
  }

  private int write(long node) {
    int size = in.getInt(BODY + 16);
    boolean kill = (in.getInt(BODY + 20) & Protocol.WRITE_KILL_SUIDGID) != 0;
    int start = BODY + 40;
    data.limit(start + size).position(start);
    int written =
        operations.write(
            node,
            in.getLong(BODY),
            in.getLong(BODY + 8),
            data,
            inAddress + start,
            kill,
            in.getInt(PID));
    if (written < 0) {
      return written;
    }
    out.putInt(REPLY, written);
    out.putInt(REPLY + 4, 0);
    return 8;
  }

  private int rename(long node, int names, int flags) {
    long newParent = in.getLong(BODY);
    String from = name(names);
    String to = name(names + from.length() + 1);
    return operations.rename(node, from, newParent, to, flags);
  }

  private int create(long node) {
    int flags = in.getInt(BODY);
    int result =
        operations.create(
            node,
            name(BODY + 16),
            flags,
            in.getInt(BODY + 4),
            killsOnOpen(BODY + 12),
            caller(),
            entry,
            opened);
    if (result < 0) {
      return result;
    }
    putEntry();
    return opened(0, ENTRY_BYTES);
  }

  private boolean killsOnOpen(int at) {
    return (in.getInt(at) & Protocol.OPEN_KILL_SUIDGID) != 0;
  }

  private int setxattr(long node) {
    int size = in.getInt(BODY);
    String name = name(BODY + 8);
    byte[] value = new byte[size];
    in.get(BODY + 8 + name.length() + 1, value);
    return operations.setxattr(node, name, value, in.getInt(BODY + 4));
  }

  private int lseek(long node) {
    long found =
        operations.lseek(node, in.getLong(BODY), in.getLong(BODY + 8), in.getInt(BODY + 16));
    if (found < 0) {
      return (int) found;
    }
    out.putLong(REPLY, found);
    return 8;
  }

  private int readdir() {
    int limit = REPLY + Math.min(in.getInt(BODY + 16), MAX_WRITE);
    int[] at = {REPLY};
    int result =
        operations.readdir(
            in.getLong(BODY),
            in.getLong(BODY + 8),
            (inode, name, type, next) -> {
              int need = (24 + name.length() + 7) & ~7;
              if (at[0] + need > limit) {
                return false;
              }
              out.putLong(at[0], inode);
              out.putLong(at[0] + 8, next);
              out.putInt(at[0] + 16, name.length());
              out.putInt(at[0] + 20, type);
              for (int i = 0; i < need - 24; i++) {
                out.put(at[0] + 24 + i, i < name.length() ? (byte) name.charAt(i) : 0);
              }
              at[0] += need;
              return true;
            });
    return result < 0 ? result : at[0] - REPLY;
  }

  private AttributeChange change() {
    int valid = in.getInt(BODY);
    change.setMode = (valid & Protocol.FATTR_MODE) != 0;
    change.setUid = (valid & Protocol.FATTR_UID) != 0;
    change.setGid = (valid & Protocol.FATTR_GID) != 0;
    change.setSize = (valid & Protocol.FATTR_SIZE) != 0;
    change.setAtime = (valid & Protocol.FATTR_ATIME) != 0;
    change.setMtime = (valid & Protocol.FATTR_MTIME) != 0;
    change.atimeNow = (valid & Protocol.FATTR_ATIME_NOW) != 0;
    change.mtimeNow = (valid & Protocol.FATTR_MTIME_NOW) != 0;
    change.killPrivileges = (valid & Protocol.FATTR_KILL_SUIDGID) != 0;
    change.caller = in.getInt(PID);
    change.size = in.getLong(BODY + 16);
    change.atime = in.getLong(BODY + 32);
    change.mtime = in.getLong(BODY + 40);
    change.atimeNanos = in.getInt(BODY + 56);
    change.mtimeNanos = in.getInt(BODY + 60);
    change.mode = in.getInt(BODY + 68);
    change.uid = in.getInt(BODY + 76);
    change.gid = in.getInt(BODY + 80);
    return change;
  }

  private Caller caller() {
    return new Caller(in.getInt(24), in.getInt(28), in.getInt(PID));
  }

  /** A zero-terminated name at {@code offset} of the request, one char a byte. */
  private String name(int offset) {
    int stop = offset;
    while (stop < end && in.get(stop) != 0) {
      stop++;
    }
    byte[] bytes = new byte[stop - offset];
    in.get(offset, bytes);
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private int entry(int result) {
    if (result == -Errno.ENOENT && entry.nodeId == 0 && entry.validSeconds > 0) {
      // "No such name", to be remembered: SQLite looks for a journal at every read.
      zero(ENTRY_BYTES);
      out.putLong(REPLY + 16, entry.validSeconds);
      return ENTRY_BYTES;
    }
    if (result < 0) {
      return result;
    }
    putEntry();
    return ENTRY_BYTES;
  }

  private void putEntry() {
    out.putLong(REPLY, entry.nodeId);
    out.putLong(REPLY + 8, entry.generation);
    out.putLong(REPLY + 16, entry.validSeconds);
    out.putLong(REPLY + 24, entry.attributes.validSeconds);
    out.putLong(REPLY + 32, 0);
    putAttributes(REPLY + 40, entry.attributes);
  }

  private int attributes(int result) {
    if (result < 0) {
      return result;
    }
    out.putLong(REPLY, attributes.validSeconds);
    out.putLong(REPLY + 8, 0);
    putAttributes(REPLY + 16, attributes);
    return 16 + ATTR_BYTES;
  }

  private void putAttributes(int at, Attributes a) {
    out.putLong(at, a.inode);
    out.putLong(at + 8, a.size);
    out.putLong(at + 16, a.blocks);
    out.putLong(at + 24, a.atime);
    out.putLong(at + 32, a.mtime);
    out.putLong(at + 40, a.ctime);
    out.putInt(at + 48, a.atimeNanos);
    out.putInt(at + 52, a.mtimeNanos);
    out.putInt(at + 56, a.ctimeNanos);
    out.putInt(at + 60, a.mode);
    out.putInt(at + 64, a.links);
    out.putInt(at + 68, a.uid);
    out.putInt(at + 72, a.gid);
    out.putInt(at + 76, a.rdev);
    out.putInt(at + 80, a.blockSize);
    out.putInt(at + 84, 0);
  }

  private int opened(int result, int offset) {
    if (result < 0) {
      return result;
    }
    int flags =
        (opened.directIo ? Protocol.FOPEN_DIRECT_IO : 0)
            | (opened.keepCache ? Protocol.FOPEN_KEEP_CACHE : 0)
            | (opened.backing > 0 ? Protocol.FOPEN_PASSTHROUGH : 0);
    out.putLong(REPLY + offset, opened.handle);
    out.putInt(REPLY + offset + 8, flags);
    out.putInt(REPLY + offset + 12, opened.backing);
    return offset + 16;
  }

  private int bytes(byte @Nullable [] value) {
    if (value == null) {
      return error[0];
    }
    out.put(REPLY, value);
    return value.length;
  }

  /** The answer to a call that first asks for the size. */
  private int sized(byte @Nullable [] value) {
    if (value == null) {
      return error[0];
    }
    int room = in.getInt(BODY);
    if (room == 0) {
      out.putInt(REPLY, value.length);
      out.putInt(REPLY + 4, 0);
      return 8;
    }
    return value.length > room ? -Errno.ERANGE : bytes(value);
  }

  private int space(int result) {
    if (result < 0) {
      return result;
    }
    zero(80);
    out.putLong(REPLY, space.blocks);
    out.putLong(REPLY + 8, space.blocksFree);
    out.putLong(REPLY + 16, space.blocksAvailable);
    out.putLong(REPLY + 24, space.files);
    out.putLong(REPLY + 32, space.filesFree);
    out.putInt(REPLY + 40, space.blockSize);
    out.putInt(REPLY + 44, space.nameMax);
    out.putInt(REPLY + 48, space.fragmentSize);
    return 80;
  }

  private void zero(int count) {
    for (int i = 0; i < count; i += 8) {
      out.putLong(REPLY + i, 0);
    }
  }
}
