package dev.sluice.fuse;

import dev.sluice.capture.Capture;
import dev.sluice.fuse.binding.Errno;
import dev.sluice.fuse.binding.FileOperations;
import dev.sluice.fuse.binding.FuseBinding;
import dev.sluice.fuse.binding.FuseSession;
import dev.sluice.fuse.binding.ReaderRole;
import dev.sluice.log.Databases;
import dev.sluice.os.Libc;
import dev.sluice.os.PathCalls;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A disk that can lose its power: a filesystem that remembers what was fsynced and what was not,
 * and can write down what a disk might hold if the power were lost now.
 *
 * <pre>
 *   live/    what processes see
 *   disk/    the content of each file as of its last fsync, by number
 *   memory   what was written to each file since then, block by block;
 *            the tree of names as of the last fsync of each directory, and changes of names since
 * </pre>
 *
 * <p>The rules are as strict as POSIX lets them be: an fsync of a file makes its bytes and its size
 * durable, and not its name; names become durable in the order in which they were changed, up to
 * the last change of a directory that was fsynced. Of the rest nothing is there after a loss, or of
 * each block of 4 KiB and of the latest names a random part.
 *
 * <pre>
 *   java … PowerLossDisk LIVE DISK MOUNTPOINT
 *   lose none|random SEED TARGET      on standard input: what is left, as files below TARGET
 * </pre>
 */
public final class PowerLossDisk implements FileOperations {
  private static final int BLOCK = 4096;
  private static final long ROOT = 1;

  /** A change of the content of a file: bytes at an offset, or (without bytes) another size. */
  private static final class Change {
    final long offset;
    final byte @Nullable [] bytes;

    private Change(long offset, byte @Nullable [] bytes) {
      this.offset = offset;
      this.bytes = bytes;
    }

    static Change size(long size) {
      return new Change(size, null);
    }

    void applyTo(RandomAccessFile file) throws IOException {
      if (bytes == null) {
        file.setLength(offset);
      } else {
        file.seek(offset);
        file.write(bytes);
      }
    }
  }

  /** A change of a name: what {@code child} (0: nothing) a directory has under it from now on. */
  private record Renaming(long directory, String name, long child) {}

  /** Renamings that happen together: those of a rename are two. */
  private record NameChange(List<Renaming> renamings) {}

  /** The names of every directory, by our numbers. */
  private static final class Tree {
    private final Map<Long, Map<String, Long>> directories = new TreeMap<>();

    Map<String, Long> entries(long directory) {
      return directories.computeIfAbsent(directory, d -> new TreeMap<>());
    }

    Tree copy() {
      Tree copy = new Tree();
      directories.forEach((directory, names) -> copy.entries(directory).putAll(names));
      return copy;
    }

    void apply(NameChange change) {
      for (Renaming renaming : change.renamings()) {
        if (renaming.child() == 0) {
          entries(renaming.directory()).remove(renaming.name());
        } else {
          entries(renaming.directory()).put(renaming.name(), renaming.child());
        }
      }
    }
  }

  private final FileOperations live;
  private final Path disk;
  private final ReentrantLock lock = new ReentrantLock();

  // All guarded by the lock.

  /** Our numbers for files and directories, by the kernel's. */
  private final Map<Long, Long> byNode = new HashMap<>();

  /** As processes see it, and as it is on the disk. */
  private final Tree names = new Tree();

  private final Tree durableNames = new Tree();
  private final Set<Long> directories = new HashSet<>();
  private final List<NameChange> nameChanges = new ArrayList<>();
  private final Map<Long, List<Change>> changes = new HashMap<>();
  private long last = ROOT;

  /** The power is lost: nothing can be changed any more. */
  private boolean off;

  private PowerLossDisk(FileOperations live, Path disk, Path liveDirectory) throws IOException {
    this.live = live;
    this.disk = disk;
    byNode.put(ROOT, ROOT);
    directories.add(ROOT);
    load(liveDirectory, ROOT);
  }

  /** What is there at the beginning is durable. */
  private void load(Path directory, long number) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      for (Path entry : entries.toList()) {
        long child = ++last;
        String name = PathCalls.raw(entry.getFileName().toString());
        names.entries(number).put(name, child);
        durableNames.entries(number).put(name, child);
        if (Files.isDirectory(entry)) {
          directories.add(child);
          load(entry, child);
        } else {
          Files.copy(entry, content(child));
        }
      }
    }
  }

  private Path content(long number) {
    return disk.resolve(Long.toString(number));
  }

  /** Serves until standard input ends. */
  public static void main(String[] args) throws Exception {
    Path liveDirectory = Path.of(args[0]);
    Path disk = Path.of(args[1]);
    ReaderRole role = new ReaderRole();
    Path state = Files.createTempDirectory(disk.getParent(), "state");
    Capture nothing =
        new Capture(liveDirectory, Databases.open(state), role::mayWait, path -> false);
    String root = PathCalls.raw(liveDirectory.toString());
    PowerLossDisk files =
        new PowerLossDisk(new SluiceFileSystem(root, nothing, role), disk, liveDirectory);
    FuseSession session = FuseSession.mount(FuseBinding.DEVICE, Path.of(args[2]), files, role, 4);
    System.out.println("ready");
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] words = line.split(" ", 4);
      files.lose(words[1].equals("random"), Long.parseLong(words[2]), Path.of(words[3]));
      System.out.println("lost");
    }
    session.close();
  }

  // Losing.

  private void lose(boolean random, long seed, Path target) throws IOException {
    lock.lock();
    try {
      Random chance = new Random(seed);
      int kept = random && !nameChanges.isEmpty() ? chance.nextInt(nameChanges.size() + 1) : 0;
      Tree left = durableNames.copy();
      nameChanges.subList(0, kept).forEach(left::apply);
      Map<Long, Path> written = new HashMap<>();
      write(ROOT, target, left, written, random ? chance : null);
      off = true;
    } finally {
      lock.unlock();
    }
  }

  private void write(
      long directory, Path target, Tree left, Map<Long, Path> written, @Nullable Random chance)
      throws IOException {
    Files.createDirectories(target);
    for (Map.Entry<String, Long> entry : left.entries(directory).entrySet()) {
      byte[] name = entry.getKey().getBytes(StandardCharsets.ISO_8859_1);
      Path path = target.resolve(new String(name, StandardCharsets.UTF_8));
      long child = entry.getValue();
      if (directories.contains(child)) {
        write(child, path, left, written, chance);
      } else if (written.containsKey(child)) {
        Files.createLink(path, written.get(child));
      } else {
        writeFile(child, path, chance);
        written.put(child, path);
      }
    }
  }

  private void writeFile(long number, Path path, @Nullable Random chance) throws IOException {
    if (Files.exists(content(number))) {
      Files.copy(content(number), path);
    } else {
      Files.createFile(path);
    }
    List<Change> pending = changes.getOrDefault(number, List.of());
    if (chance == null || pending.isEmpty()) {
      return;
    }
    // The more is kept of a file, the more alike is it to one whose writer was only killed; the
    // share differs from file to file.
    double share = chance.nextDouble();
    int sizesUntil = chance.nextInt(pending.size() + 1);
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      for (int i = 0; i < pending.size(); i++) {
        Change change = pending.get(i);
        byte[] bytes = change.bytes;
        if (bytes == null) {
          if (i < sizesUntil) {
            change.applyTo(file);
          }
          continue;
        }
        for (int from = 0; from < bytes.length; ) {
          long at = change.offset + from;
          int n = (int) Math.min(bytes.length - from, BLOCK - at % BLOCK);
          if (chance.nextDouble() < share) {
            file.seek(at);
            file.write(bytes, from, n);
          }
          from += n;
        }
      }
    }
  }

  // Remembering. All under the lock.

  private interface Call {
    int run();
  }

  private int locked(Call call) {
    lock.lock();
    try {
      return off ? -Errno.EIO : call.run();
    } finally {
      lock.unlock();
    }
  }

  private long number(long node) {
    Long number = byNode.get(node);
    if (number == null) {
      throw new IllegalStateException("node " + node + " was never looked up");
    }
    return number;
  }

  private void changed(long node, Change change) {
    changes.computeIfAbsent(number(node), n -> new ArrayList<>()).add(change);
  }

  private void named(NameChange change) {
    names.apply(change);
    nameChanges.add(change);
  }

  private @Nullable Long child(long parent, String name) {
    return names.entries(number(parent)).get(name);
  }

  private int made(int result, long parent, String name, Entry out, boolean directory) {
    if (result == 0) {
      long child = ++last;
      if (directory) {
        directories.add(child);
      }
      byNode.put(out.nodeId, child);
      named(new NameChange(List.of(new Renaming(number(parent), name, child))));
    }
    return result;
  }

  private void makeDurable(long number) {
    List<Change> pending = changes.remove(number);
    if (pending == null) {
      return;
    }
    try (RandomAccessFile file = new RandomAccessFile(content(number).toFile(), "rw")) {
      for (Change change : pending) {
        change.applyTo(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  // What changes something.

  @Override
  public int lookup(long parent, String name, Entry out) {
    return locked(
        () -> {
          int result = live.lookup(parent, name, out);
          Long child = child(parent, name);
          if (result == 0 && out.nodeId != 0 && child != null) {
            byNode.put(out.nodeId, child);
          }
          return result;
        });
  }

  @Override
  public int create(
      long parent,
      String name,
      int flags,
      int mode,
      boolean killPrivileges,
      Caller caller,
      Entry out,
      Opened opened) {
    return locked(
        () -> {
          Long before = child(parent, name);
          int result = live.create(parent, name, flags, mode, killPrivileges, caller, out, opened);
          if (before == null) {
            return made(result, parent, name, out, false);
          }
          byNode.put(out.nodeId, before);
          if (result == 0 && (flags & Libc.O_TRUNC) != 0) {
            changed(out.nodeId, Change.size(0));
          }
          return result;
        });
  }

  @Override
  public int mkdir(long parent, String name, int mode, Caller caller, Entry out) {
    return locked(() -> made(live.mkdir(parent, name, mode, caller, out), parent, name, out, true));
  }

  @Override
  public int link(long node, long newParent, String newName, Entry out) {
    return locked(
        () -> {
          int result = live.link(node, newParent, newName, out);
          if (result == 0) {
            named(new NameChange(List.of(new Renaming(number(newParent), newName, number(node)))));
          }
          return result;
        });
  }

  @Override
  public int unlink(long parent, String name, int caller) {
    return locked(() -> removed(live.unlink(parent, name, caller), parent, name));
  }

  @Override
  public int rmdir(long parent, String name) {
    return locked(() -> removed(live.rmdir(parent, name), parent, name));
  }

  private int removed(int result, long parent, String name) {
    if (result == 0) {
      named(new NameChange(List.of(new Renaming(number(parent), name, 0))));
    }
    return result;
  }

  @Override
  public int rename(long parent, String name, long newParent, String newName, int flags) {
    if (flags != 0) {
      return -Errno.EOPNOTSUPP;
    }
    return locked(
        () -> {
          Long child = child(parent, name);
          int result = live.rename(parent, name, newParent, newName, flags);
          if (result == 0 && child != null) {
            named(
                new NameChange(
                    List.of(
                        new Renaming(number(parent), name, 0),
                        new Renaming(number(newParent), newName, child))));
          }
          return result;
        });
  }

  @Override
  public int setattr(long node, AttributeChange change, Attributes out) {
    return locked(
        () -> {
          int result = live.setattr(node, change, out);
          if (result == 0 && change.setSize) {
            changed(node, Change.size(change.size));
          }
          return result;
        });
  }

  @Override
  public int open(long node, int flags, boolean killPrivileges, int caller, Opened out) {
    return locked(
        () -> {
          int result = live.open(node, flags, killPrivileges, caller, out);
          if (result == 0 && (flags & Libc.O_TRUNC) != 0) {
            changed(node, Change.size(0));
          }
          return result;
        });
  }

  @Override
  public int write(
      long node,
      long handle,
      long offset,
      ByteBuffer data,
      long address,
      boolean killPrivileges,
      int caller) {
    return locked(
        () -> {
          byte[] bytes = new byte[data.remaining()];
          data.get(data.position(), bytes);
          int n = live.write(node, handle, offset, data, address, killPrivileges, caller);
          if (n == bytes.length) {
            changed(node, new Change(offset, bytes));
          }
          return n;
        });
  }

  @Override
  public int fallocate(
      long node, long handle, long offset, long length, int mode, boolean killPrivileges) {
    if (mode != 0) {
      return -Errno.EOPNOTSUPP;
    }
    return locked(
        () -> {
          Attributes before = new Attributes();
          live.getattr(node, before);
          int result = live.fallocate(node, handle, offset, length, mode, killPrivileges);
          if (result == 0 && offset + length > before.size) {
            changed(node, Change.size(offset + length));
          }
          return result;
        });
  }

  @Override
  public int fsync(long node, long handle, boolean dataOnly, int caller) {
    return locked(
        () -> {
          makeDurable(number(node));
          return 0;
        });
  }

  @Override
  public int fsyncdir(long node) {
    return locked(
        () -> {
          long directory = number(node);
          int until = nameChanges.size();
          while (until > 0
              && nameChanges.get(until - 1).renamings().stream()
                  .noneMatch(r -> r.directory() == directory)) {
            until--;
          }
          List<NameChange> durable = nameChanges.subList(0, until);
          durable.forEach(durableNames::apply);
          durable.clear();
          return 0;
        });
  }

  @Override
  public int mknod(long parent, String name, int mode, int rdev, Caller caller, Entry out) {
    return -Errno.EOPNOTSUPP;
  }

  @Override
  public int symlink(long parent, String name, byte[] target, Caller caller, Entry out) {
    return -Errno.EOPNOTSUPP;
  }

  // What does not.

  @Override
  public void forget(long node, long count) {
    live.forget(node, count);
  }

  @Override
  public int getattr(long node, Attributes out) {
    return live.getattr(node, out);
  }

  @Override
  public byte @Nullable [] readlink(long node, int[] error) {
    return live.readlink(node, error);
  }

  @Override
  public int release(long node, long handle) {
    return live.release(node, handle);
  }

  @Override
  public int read(long node, long handle, long offset, int size, long address) {
    return live.read(node, handle, offset, size, address);
  }

  @Override
  public long lseek(long node, long handle, long offset, int whence) {
    return live.lseek(node, handle, offset, whence);
  }

  @Override
  public int opendir(long node, Opened out) {
    return live.opendir(node, out);
  }

  @Override
  public int readdir(long handle, long offset, DirectorySink sink) {
    return live.readdir(handle, offset, sink);
  }

  @Override
  public int releasedir(long handle) {
    return live.releasedir(handle);
  }

  @Override
  public int statfs(FileSystemSpace out) {
    return live.statfs(out);
  }

  @Override
  public int setxattr(long node, String name, byte[] value, int flags) {
    return live.setxattr(node, name, value, flags);
  }

  @Override
  public byte @Nullable [] getxattr(long node, String name, int[] error) {
    return live.getxattr(node, name, error);
  }

  @Override
  public byte @Nullable [] listxattr(long node, int[] error) {
    return live.listxattr(node, error);
  }

  @Override
  public int removexattr(long node, String name) {
    return live.removexattr(node, name);
  }
}
