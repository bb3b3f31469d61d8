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
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import jnr.ffi.Struct;
import jnr.ffi.annotations.Delegate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.serce.jnrfuse.FuseFillDir;
import ru.serce.jnrfuse.FuseStubFS;
import ru.serce.jnrfuse.struct.FileStat;
import ru.serce.jnrfuse.struct.FuseContext;
import ru.serce.jnrfuse.struct.FuseFileInfo;
import ru.serce.jnrfuse.struct.Statvfs;
import ru.serce.jnrfuse.struct.Timespec;

/**
 * What libfuse's high-level layer calls: translates paths to inodes, and for open files the handle
 * in {@code fuse_file_info.fh}, and asks {@link FileOperations}.
 *
 * <p>A call looks every name of its path up and forgets them when it ends; an open file keeps the
 * lookup of its inode until it is released. Reads, writes, truncation, fsync and fstat of open
 * files come without a path. {@code flush} and {@code lock} are not among the operations on
 * purpose: the kernel keeps the locks.
 *
 * <p>What can't be had through this layer, as against {@link FuseBinding#DEVICE}:
 *
 * <ul>
 *   <li>stat of a file that was unlinked while open gives ENOENT (the kernel asks without the
 *       handle, libfuse finds no path); so do chmod, chown and utimes of it. Read, write,
 *       truncation and fsync go on.
 *   <li>Hard links: each name of a file is a file of its own to the kernel, with its own cached
 *       content. Making one is refused with EPERM, as a filesystem without them does; where the
 *       directory has some already, use only one of the names.
 *   <li>renameat2 with flags (exchange, no replacement): EINVAL.
 *   <li>Extended attributes: EOPNOTSUPP. With them the kernel would ask for security.capability
 *       before every write, a second request for each.
 *   <li>SEEK_DATA and SEEK_HOLE: a file seems to have no holes.
 *   <li>Names that are not valid in the character set of the JVM (UTF-8 by default since Java 18,
 *       before by the locale): listed, but opening them gives EILSEQ.
 *   <li>How long the kernel remembers is said once for the mount and not with each answer. Absent
 *       names that may appear by themselves are handled in {@link #getattr}. The name of such a
 *       file that has been found stays known after it has gone, until it is opened.
 *   <li>Writes and reads come in pieces of 128 KiB instead of 1 MiB, and lookups in one directory
 *       one at a time.
 * </ul>
 *
 * <p>libfuse keeps addresses of closures that live only as long as this object does.
 */
final class PathCallbacks extends FuseStubFS {
  private static final Logger log = LoggerFactory.getLogger(PathCallbacks.class);

  private static final long ROOT = 1;

  /** Of the function {@code fsyncdir} in {@code struct fuse_operations}. */
  private static final int FSYNCDIR_OFFSET = 28 * 8;

  /**
   * Of the bits after the function {@code bmap} in {@code struct fuse_operations}, which jnr-fuse
   * has only as padding: nullpath_ok, nopath, utime_omit_ok.
   */
  private static final int FLAGS_OFFSET = 38 * 8;

  private static final byte FLAGS = 1 | 1 << 1 | 1 << 2;

  /**
   * Of direct_io (bit 0) and keep_cache (bit 1) in {@code struct fuse_file_info}, behind flags,
   * fh_old and writepage. jnr-fuse has them as padding, and writepage not at all.
   */
  private static final int OPEN_BITS_OFFSET = 20;

  private static final long UTIME_NOW = (1L << 30) - 1;
  private static final long UTIME_OMIT = (1L << 30) - 2;
  private static final char UNDECODABLE = '\uFFFD';

  /** As jnr-ffi decodes paths. */
  private final Charset charset = Charset.defaultCharset();

  private final FileOperations operations;
  private final OpenFiles openFiles = new OpenFiles();
  private final DirectorySync directorySync = this::fsyncdir;
  private final ThreadLocal<Request> current = ThreadLocal.withInitial(Request::new);

  PathCallbacks(FileOperations operations) {
    this.operations = operations;
    table().putByte(FLAGS_OFFSET, FLAGS);
    table()
        .putPointer(
            FSYNCDIR_OFFSET,
            Runtime.getSystemRuntime()
                .getClosureManager()
                .getClosurePointer(DirectorySync.class, directorySync));
  }

  /** A {@code struct fuse_operations}. */
  Pointer table() {
    return Struct.getMemory(fuseOperations);
  }

  long tableBytes() {
    return Struct.size(fuseOperations);
  }

  /** What the calling thread works on. */
  private static final class Request {
    int descriptor;
    ByteBuffer bytes = ByteBuffer.allocate(0);
    long address;
  }

  /** The next callbacks of this thread are for the request in {@code bytes}. */
  void begin(int descriptor, ByteBuffer bytes, long address) {
    Request request = current.get();
    request.descriptor = descriptor;
    request.bytes = bytes;
    request.address = address;
  }

  private interface Call {
    int run();
  }

  /** An exception must not get into the C code that called. */
  private static int answer(String operation, Call call) {
    try {
      return call.run();
    } catch (RuntimeException | Error e) {
      log.error("{} failed", operation, e);
      return -Errno.EIO;
    }
  }

  // From paths to inodes.

  private interface OnInode {
    int run(long inode);
  }

  private interface InDirectory {
    int run(long directory, String name);
  }

  /** The inode at a path, with one lookup counted unless it is the root; or a negative errno. */
  private long find(String path, Entry out) {
    if (path.indexOf(UNDECODABLE) >= 0) {
      return -Errno.EILSEQ;
    }
    String names = raw(path);
    long at = ROOT;
    for (int start = 1; start < names.length(); ) {
      int slash = names.indexOf('/', start);
      int stop = slash < 0 ? names.length() : slash;
      int result = operations.lookup(at, names.substring(start, stop), out);
      forget(at);
      if (result < 0) {
        return result;
      }
      at = out.nodeId;
      start = stop + 1;
    }
    return at;
  }

  private void forget(long inode) {
    if (inode != ROOT) {
      operations.forget(inode, 1);
    }
  }

  private int at(String path, OnInode work) {
    long inode = find(path, new Entry());
    if (inode < 0) {
      return (int) inode;
    }
    try {
      return work.run(inode);
    } finally {
      forget(inode);
    }
  }

  private int in(String path, InDirectory work) {
    int slash = path.lastIndexOf('/');
    String name = path.substring(slash + 1);
    if (name.indexOf(UNDECODABLE) >= 0) {
      return -Errno.EILSEQ;
    }
    return at(path.substring(0, slash), directory -> work.run(directory, raw(name)));
  }

  /** Makes something and answers without its entry: libfuse asks for the attributes by itself. */
  private int make(String path, InDirectory work, Entry made) {
    int result = in(path, work);
    if (result == 0) {
      forget(made.nodeId);
    }
    return result;
  }

  private String raw(String text) {
    return new String(text.getBytes(charset), StandardCharsets.ISO_8859_1);
  }

  private Caller caller() {
    FuseContext context = getContext();
    return new Caller(context.uid.intValue(), context.gid.intValue(), context.pid.intValue());
  }

  // Names.

  @Override
  public int readlink(String path, Pointer out, long size) {
    return answer(
        "readlink",
        () ->
            at(
                path,
                inode -> {
                  int[] error = new int[1];
                  byte[] target = operations.readlink(inode, error);
                  if (target == null) {
                    return error[0];
                  }
                  int length = (int) Math.min(target.length, size - 1);
                  out.put(0, target, 0, length);
                  out.putByte(length, (byte) 0);
                  return 0;
                }));
  }

  @Override
  public int mknod(String path, long mode, long rdev) {
    Entry made = new Entry();
    return answer(
        "mknod",
        () ->
            make(
                path,
                (directory, name) ->
                    operations.mknod(directory, name, (int) mode, (int) rdev, caller(), made),
                made));
  }

  @Override
  public int mkdir(String path, long mode) {
    Entry made = new Entry();
    return answer(
        "mkdir",
        () ->
            make(
                path,
                (directory, name) -> operations.mkdir(directory, name, (int) mode, caller(), made),
                made));
  }

  @Override
  public int symlink(String target, String path) {
    Entry made = new Entry();
    return answer(
        "symlink",
        () ->
            target.indexOf(UNDECODABLE) >= 0
                ? -Errno.EILSEQ
                : make(
                    path,
                    (directory, name) ->
                        operations.symlink(
                            directory, name, target.getBytes(charset), caller(), made),
                    made));
  }

  @Override
  public int link(String from, String to) {
    return -Errno.EPERM;
  }

  @Override
  public int unlink(String path) {
    return answer(
        "unlink",
        () -> in(path, (directory, name) -> operations.unlink(directory, name, caller().pid())));
  }

  @Override
  public int rmdir(String path) {
    return answer("rmdir", () -> in(path, operations::rmdir));
  }

  @Override
  public int rename(String from, String to) {
    return answer(
        "rename",
        () ->
            in(
                from,
                (directory, name) ->
                    in(
                        to,
                        (newDirectory, newName) ->
                            operations.rename(directory, name, newDirectory, newName, 0))));
  }

  // Attributes.

  @Override
  public int getattr(String path, FileStat out) {
    return answer(
        "getattr",
        () -> {
          Entry entry = new Entry();
          long inode = find(path, entry);
          if (inode == -Errno.ENOENT && entry.validSeconds == 0) {
            absentForNow();
          }
          if (inode < 0) {
            return (int) inode;
          }
          if (inode == ROOT) {
            return attributes(inode, out);
          }
          fill(out, entry.attributes);
          forget(inode);
          return 0;
        });
  }

  /**
   * Answers the lookup under way with "no such name", and that the kernel shall not remember it;
   * libfuse would let it remember, as it does with all other names. libfuse answers too, is told
   * that there is no such request, and takes it for one that was interrupted.
   */
  private void absentForNow() {
    Request request = current.get();
    if (request.bytes.getInt(4) != Protocol.LOOKUP) {
      return;
    }
    ByteBuffer reply =
        ByteBuffer.allocateDirect(Protocol.OUT_HEADER)
            .order(ByteOrder.nativeOrder())
            .putInt(Protocol.OUT_HEADER)
            .putInt(-Errno.ENOENT)
            .putLong(request.bytes.getLong(8));
    Libc.write(request.descriptor, Libc.address(reply), Protocol.OUT_HEADER);
  }

  @Override
  public int fgetattr(@Nullable String path, FileStat out, FuseFileInfo file) {
    return answer("fgetattr", () -> attributes(openFiles.get(file).inode, out));
  }

  private int attributes(long inode, FileStat out) {
    Attributes attributes = new Attributes();
    int result = operations.getattr(inode, attributes);
    if (result == 0) {
      fill(out, attributes);
    }
    return result;
  }

  private static void fill(FileStat out, Attributes a) {
    out.st_ino.set(a.inode);
    out.st_mode.set(a.mode);
    out.st_nlink.set(a.links);
    out.st_uid.set(a.uid);
    out.st_gid.set(a.gid);
    out.st_rdev.set(a.rdev);
    out.st_size.set(a.size);
    out.st_blocks.set(a.blocks);
    out.st_blksize.set(a.blockSize);
    fill(out.st_atim, a.atime, a.atimeNanos);
    fill(out.st_mtim, a.mtime, a.mtimeNanos);
    fill(out.st_ctim, a.ctime, a.ctimeNanos);
  }

  private static void fill(Timespec out, long seconds, int nanos) {
    out.tv_sec.set(seconds);
    out.tv_nsec.set(nanos);
  }

  @Override
  public int chmod(String path, long mode) {
    return change(
        "chmod",
        path,
        change -> {
          change.setMode = true;
          change.mode = (int) mode;
        });
  }

  @Override
  public int chown(String path, long uid, long gid) {
    return change(
        "chown",
        path,
        change -> {
          change.uid = (int) uid;
          change.gid = (int) gid;
          change.setUid = change.uid != -1;
          change.setGid = change.gid != -1;
        });
  }

  @Override
  public int utimens(String path, Timespec[] times) {
    return change(
        "utimens",
        path,
        change -> {
          change.atime = times[0].tv_sec.get();
          change.mtime = times[1].tv_sec.get();
          change.atimeNanos = times[0].tv_nsec.intValue();
          change.mtimeNanos = times[1].tv_nsec.intValue();
          change.setAtime = change.atimeNanos != UTIME_OMIT;
          change.setMtime = change.mtimeNanos != UTIME_OMIT;
          change.atimeNow = change.atimeNanos == UTIME_NOW;
          change.mtimeNow = change.mtimeNanos == UTIME_NOW;
        });
  }

  @Override
  public int truncate(String path, long size) {
    return change("truncate", path, change -> resize(change, size));
  }

  @Override
  public int ftruncate(@Nullable String path, long size, FuseFileInfo file) {
    return answer(
        "ftruncate",
        () -> {
          AttributeChange change = new AttributeChange();
          change.caller = caller().pid();
          resize(change, size);
          return operations.setattr(openFiles.get(file).inode, change, new Attributes());
        });
  }

  private static void resize(AttributeChange change, long size) {
    change.setSize = true;
    change.size = size;
  }

  private int change(String operation, String path, Consumer<AttributeChange> what) {
    return answer(
        operation,
        () -> {
          AttributeChange change = new AttributeChange();
          change.caller = caller().pid();
          what.accept(change);
          return at(path, inode -> operations.setattr(inode, change, new Attributes()));
        });
  }

  // Open files.

  @Override
  public int create(String path, long mode, FuseFileInfo file) {
    return answer(
        "create",
        () -> {
          Entry made = new Entry();
          Opened opened = new Opened();
          int result =
              in(
                  path,
                  (directory, name) ->
                      operations.create(
                          directory,
                          name,
                          file.flags.get(),
                          (int) mode,
                          false,
                          caller(),
                          made,
                          opened));
          if (result == 0) {
            openFiles.add(file, made.nodeId, opened);
          }
          return result;
        });
  }

  @Override
  public int open(String path, FuseFileInfo file) {
    return open(
        "open",
        path,
        file,
        (inode, opened) -> operations.open(inode, file.flags.get(), false, caller().pid(), opened));
  }

  @Override
  public int opendir(String path, FuseFileInfo file) {
    return open("opendir", path, file, operations::opendir);
  }

  private interface Opener {
    int open(long inode, Opened out);
  }

  private int open(String operation, String path, FuseFileInfo file, Opener opener) {
    return answer(
        operation,
        () -> {
          long inode = find(path, new Entry());
          if (inode < 0) {
            return (int) inode;
          }
          Opened opened = new Opened();
          int result = opener.open(inode, opened);
          if (result == 0) {
            openFiles.add(file, inode, opened);
          } else {
            forget(inode);
          }
          return result;
        });
  }

  @Override
  public int release(@Nullable String path, FuseFileInfo info) {
    return answer(
        "release",
        () -> {
          OpenFile file = openFiles.remove(info);
          int result = operations.release(file.inode, file.handle);
          forget(file.inode);
          return result;
        });
  }

  @Override
  public int read(@Nullable String path, Pointer out, long size, long offset, FuseFileInfo info) {
    return answer(
        "read",
        () -> {
          OpenFile file = openFiles.get(info);
          return operations.read(file.inode, file.handle, offset, (int) size, out.address());
        });
  }

  @Override
  public int write(@Nullable String path, Pointer in, long size, long offset, FuseFileInfo info) {
    return answer(
        "write",
        () -> {
          OpenFile file = openFiles.get(info);
          Request request = current.get();
          long start = in.address() - request.address;
          ByteBuffer data;
          if (start >= 0 && start + size <= request.bytes.capacity()) {
            data = request.bytes.duplicate().limit((int) (start + size)).position((int) start);
          } else {
            // libfuse has put a write together that came in parts.
            data = ByteBuffer.allocateDirect((int) size);
            byte[] copy = new byte[(int) size];
            in.get(0, copy, 0, copy.length);
            data.put(copy).flip();
          }
          long address = Libc.address(data) + data.position();
          return operations.write(
              file.inode, file.handle, offset, data, address, false, caller().pid());
        });
  }

  @Override
  public int fsync(@Nullable String path, int dataOnly, FuseFileInfo info) {
    return answer(
        "fsync",
        () -> {
          OpenFile file = openFiles.get(info);
          return operations.fsync(file.inode, file.handle, dataOnly != 0, caller().pid());
        });
  }

  @Override
  public int fallocate(
      @Nullable String path, int mode, long offset, long length, FuseFileInfo info) {
    return answer(
        "fallocate",
        () -> {
          OpenFile file = openFiles.get(info);
          return operations.fallocate(file.inode, file.handle, offset, length, mode, false);
        });
  }

  // Directories.

  @Override
  public int readdir(
      @Nullable String path, Pointer out, FuseFillDir filler, long offset, FuseFileInfo info) {
    return answer(
        "readdir",
        () -> {
          FileStat stat = new FileStat(Runtime.getSystemRuntime());
          Pointer memory = Struct.getMemory(stat);
          return operations.readdir(
              openFiles.get(info).handle,
              0,
              (inode, name, type, next) -> {
                stat.st_ino.set(inode);
                stat.st_mode.set(type << 12);
                // Ended by a zero byte; an offset of 0 makes libfuse keep the whole list.
                byte[] bytes = (name + '\0').getBytes(StandardCharsets.ISO_8859_1);
                return filler.apply(out, ByteBuffer.wrap(bytes), memory, 0) == 0;
              });
        });
  }

  @Override
  public int releasedir(@Nullable String path, FuseFileInfo info) {
    return answer(
        "releasedir",
        () -> {
          OpenFile directory = openFiles.remove(info);
          int result = operations.releasedir(directory.handle);
          forget(directory.inode);
          return result;
        });
  }

  /**
   * What libfuse calls for {@code fsyncdir}: that of jnr-fuse 0.5.8 lacks the second argument and
   * takes it for the third.
   */
  @FunctionalInterface
  public interface DirectorySync {
    @Delegate
    int call(@Nullable Pointer path, int dataOnly, Pointer info);
  }

  private int fsyncdir(@Nullable Pointer path, int dataOnly, Pointer info) {
    return answer(
        "fsyncdir", () -> operations.fsyncdir(openFiles.get(FuseFileInfo.of(info)).inode));
  }

  @Override
  public int statfs(String path, Statvfs out) {
    return answer(
        "statfs",
        () -> {
          FileSystemSpace space = new FileSystemSpace();
          int result = operations.statfs(space);
          out.f_bsize.set(space.blockSize);
          out.f_frsize.set(space.fragmentSize);
          out.f_blocks.set(space.blocks);
          out.f_bfree.set(space.blocksFree);
          out.f_bavail.set(space.blocksAvailable);
          out.f_files.set(space.files);
          out.f_ffree.set(space.filesFree);
          out.f_namemax.set(space.nameMax);
          return result;
        });
  }

  /** An open file or directory, with one lookup of its inode. */
  private record OpenFile(long inode, long handle) {}

  /** Which number in {@code fh} stands for which open file. */
  private static final class OpenFiles {
    private final ConcurrentHashMap<Long, OpenFile> byNumber = new ConcurrentHashMap<>();
    private final AtomicLong next = new AtomicLong(1);

    void add(FuseFileInfo info, long inode, Opened opened) {
      long number = next.getAndIncrement();
      byNumber.put(number, new OpenFile(inode, opened.handle));
      info.fh.set(number);
      Struct.getMemory(info)
          .putByte(
              OPEN_BITS_OFFSET, (byte) ((opened.directIo ? 1 : 0) | (opened.keepCache ? 2 : 0)));
    }

    OpenFile get(FuseFileInfo info) {
      return found(info.fh.get(), byNumber.get(info.fh.get()));
    }

    OpenFile remove(FuseFileInfo info) {
      return found(info.fh.get(), byNumber.remove(info.fh.get()));
    }

    private static OpenFile found(long number, @Nullable OpenFile file) {
      if (file == null) {
        throw new IllegalStateException("no file is open under number " + number);
      }
      return file;
    }
  }
}
