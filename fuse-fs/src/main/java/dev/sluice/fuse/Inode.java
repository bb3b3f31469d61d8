package dev.sluice.fuse;

import dev.sluice.capture.CapturedFile;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A file, directory or other thing the kernel knows by a number. The fields are guarded by the lock
 * of the {@link InodeTable}, but for {@link #fd} and {@link #captured}, which any holder of an open
 * handle may read.
 */
final class Inode {
  /** What the kernel calls it; never 0. */
  final long id;

  final long generation;
  final long backingDevice;
  final long backingInode;

  /** How often the kernel was told of it and has not forgotten it. */
  long lookups;

  /** The names known for it; empty once unlinked. More than one for a hard link. */
  final List<Link> links = new ArrayList<>(1);

  /** Of a directory: the inodes known by their names. */
  private @Nullable Map<String, Inode> children;

  /** One descriptor of the backing file serves all that have it open; -1 when none has. */
  volatile int fd = -1;

  /**
   * A descriptor of what has lost its last known name, but not all of its users: a directory that
   * is somebody's working directory, or a file opened with O_PATH. -1 when there is none.
   */
  volatile int held = -1;

  boolean isDirectory;
  boolean writable;
  int opens;

  /** Of a journal that the kernel reads and writes past Sluice; see Kernel.openBacking. */
  int backing;

  /** Of a WAL: the piece that was put into the kernel's cache last. For the one who writes. */
  long stored;

  /** Set when this file is, or may become, part of a database. */
  volatile @Nullable CapturedFile captured;

  /** The backing file is known to have no security.capability. */
  volatile boolean hasNoCapability;

  /** A file that exists only here: the position of a database. Then nothing backs it. */
  final @Nullable PositionFile positionFile;

  record Link(Inode parent, String name) {}

  Inode(
      long id,
      long generation,
      long backingDevice,
      long backingInode,
      @Nullable PositionFile positionFile) {
    this.id = id;
    this.generation = generation;
    this.backingDevice = backingDevice;
    this.backingInode = backingInode;
    this.positionFile = positionFile;
  }

  @Nullable Inode child(String name) {
    return children == null ? null : children.get(name);
  }

  void addLink(Inode parent, String name) {
    links.add(new Link(parent, name));
    if (parent.children == null) {
      parent.children = new HashMap<>();
    }
    parent.children.put(name, this);
  }

  void removeLink(Inode parent, String name) {
    links.removeIf(link -> link.parent == parent && link.name.equals(name));
    if (parent.children != null) {
      parent.children.remove(name, this);
    }
  }

  void forEachChild(Consumer<Inode> visit) {
    if (children != null) {
      children.values().forEach(visit);
    }
  }

  boolean hasChildren() {
    return children != null && !children.isEmpty();
  }
}
