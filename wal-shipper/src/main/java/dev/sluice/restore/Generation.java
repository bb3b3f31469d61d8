package dev.sluice.restore;

import dev.sluice.ltx.Lz4Frames;
import dev.sluice.sqlite.FrameMap;
import dev.sluice.sqlite.WalFrameHeader;
import dev.sluice.sqlite.WalScan;
import dev.sluice.store.ObjectInfo;
import dev.sluice.store.ObjectNotFoundException;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.StoreUnavailableException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A backup that Litestream 0.3 wrote: a snapshot of the database and the WALs after it.
 *
 * <pre>
 * generations/&lt;16 hex&gt;/snapshots/&lt;index&gt;.snapshot.lz4    the database file
 * generations/&lt;16 hex&gt;/wal/&lt;index&gt;_&lt;offset&gt;.wal.lz4       WAL number index from byte offset on
 * </pre>
 *
 * <p>A WAL is put together from its segments and replayed up to its last whole transaction, index
 * by index. Times are those of the objects. One thread at a time.
 */
final class Generation {
  private static final Pattern KEY =
      Pattern.compile(
          "([0-9a-f]{16})/(?:snapshots/([0-9a-f]{8})\\.snapshot"
              + "|wal/([0-9a-f]{8})_([0-9a-f]{8})\\.wal)\\.lz4");

  private static final int BUFFER_BYTES = 1 << 18;

  /** An object; a snapshot has offset -1, so that it comes before the WAL of its index. */
  private record Part(String key, long index, long offset, ObjectInfo info) {
    static final Comparator<Part> IN_ORDER =
        Comparator.comparingLong(Part::index).thenComparingLong(Part::offset);

    boolean isSnapshot() {
      return offset < 0;
    }
  }

  private final ObjectStore store;

  /** A snapshot and the segments after it. */
  private final List<Part> parts;

  private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
  private int pageSize;
  private long sizeBytes;
  private long bytesWritten;

  private Generation(ObjectStore store, List<Part> parts) {
    this.store = store;
    this.parts = parts;
  }

  /**
   * The generation that was written last up to the target; empty if there are none.
   *
   * @throws NotRestorableException if there are generations but the target cannot be restored
   */
  static Optional<Generation> newest(ObjectStore store, StoreLayout layout, RestoreTarget target)
      throws IOException {
    Map<String, List<Part>> generations = list(store, layout.generationsPrefix());
    if (generations.isEmpty()) {
      return Optional.empty();
    }
    if (target instanceof RestoreTarget.AtTxid) {
      throw new NotRestorableException(
          store
              + ": cannot restore "
              + target
              + ": this backup of Litestream 0.3 knows only times");
    }
    Instant until = target instanceof RestoreTarget.AtTime at ? at.time() : Instant.MAX;
    return Optional.of(
        generations.values().stream()
            .map(parts -> sinceSnapshot(parts, until))
            .filter(parts -> !parts.isEmpty())
            .max(Comparator.comparing(Generation::time))
            .map(parts -> new Generation(store, parts))
            .orElseThrow(() -> tooEarly(store, target, generations.values())));
  }

  /** All generations, oldest first. */
  static List<BackupSummary.GenerationSummary> summaries(ObjectStore store, StoreLayout layout)
      throws IOException {
    List<BackupSummary.GenerationSummary> summaries = new ArrayList<>();
    list(store, layout.generationsPrefix())
        .forEach(
            (id, parts) -> {
              int snapshots = (int) parts.stream().filter(Part::isSnapshot).count();
              summaries.add(
                  new BackupSummary.GenerationSummary(
                      id,
                      snapshots,
                      parts.size() - snapshots,
                      parts.stream().mapToLong(part -> part.info.sizeBytes()).sum(),
                      parts.stream()
                          .map(part -> part.info.lastModified())
                          .min(Comparator.naturalOrder())
                          .orElse(Instant.MIN),
                      time(parts)));
            });
    summaries.sort(Comparator.comparing(BackupSummary.GenerationSummary::to));
    return summaries;
  }

  private static Map<String, List<Part>> list(ObjectStore store, String prefix) throws IOException {
    Map<String, List<Part>> generations = new HashMap<>();
    try (Stream<ObjectInfo> objects = store.list(prefix, "")) {
      objects.forEach(
          object -> {
            Matcher name = KEY.matcher(object.key().substring(prefix.length()));
            if (name.matches()) {
              boolean snapshot = name.group(2) != null;
              long index = Long.parseLong(snapshot ? name.group(2) : name.group(3), 16);
              long offset = snapshot ? -1 : Long.parseLong(name.group(4), 16);
              generations
                  .computeIfAbsent(name.group(1), generation -> new ArrayList<>())
                  .add(new Part(object.key(), index, offset, object));
            }
          });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    generations.values().forEach(parts -> parts.sort(Part.IN_ORDER));
    return generations;
  }

  /** The newest snapshot up to a time and the segments after it; empty if there is none. */
  private static List<Part> sinceSnapshot(List<Part> parts, Instant until) {
    List<Part> since = new ArrayList<>();
    for (Part part : parts) {
      if (!part.info.lastModified().isAfter(until)) {
        if (part.isSnapshot()) {
          since.clear();
        }
        if (part.isSnapshot() || !since.isEmpty()) {
          since.add(part);
        }
      }
    }
    return since;
  }

  private static Instant time(List<Part> parts) {
    return parts.stream()
        .map(part -> part.info.lastModified())
        .max(Comparator.naturalOrder())
        .orElse(Instant.MIN);
  }

  private static NotRestorableException tooEarly(
      ObjectStore store, RestoreTarget target, Iterable<List<Part>> generations) {
    Instant first = Instant.MAX;
    for (List<Part> parts : generations) {
      for (Part part : parts) {
        Instant time = part.info.lastModified();
        first = part.isSnapshot() && time.isBefore(first) ? time : first;
      }
    }
    String nearest =
        first.equals(Instant.MAX)
            ? "it has no snapshot"
            : "its first is of " + RestorePoint.local(first);
    return new NotRestorableException(
        store + ": cannot restore " + target + ": no snapshot at or before it; " + nearest);
  }

  /** When the newest part was written. */
  Instant time() {
    return time(parts);
  }

  int pageSize() {
    return pageSize;
  }

  int pages() {
    return pageSize == 0 ? 0 : (int) (sizeBytes / pageSize);
  }

  long bytesWritten() {
    return bytesWritten;
  }

  List<StoredFile> files() {
    return parts.stream()
        .map(
            part ->
                new StoredFile(part.key, 0, 0, 0, part.info.sizeBytes(), part.info.lastModified()))
        .toList();
  }

  /** Writes the database. */
  void writeTo(TargetFile target) throws IOException {
    sizeBytes = decompress(parts.get(0), 0, target::write);
    bytesWritten = sizeBytes;
    pageSize = pageSizeOf(target);
    for (int i = 1; i < parts.size(); ) {
      i = replay(i, target);
    }
  }

  private static int pageSizeOf(TargetFile target) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(2);
    target.read(16, bytes);
    int size = bytes.flip().remaining() == 2 ? bytes.getShort() & 0xffff : 0;
    return size == 1 ? 65536 : size;
  }

  /** Replays the WAL whose first segment is {@code parts[first]}; returns where the next begins. */
  private int replay(int first, TargetFile target) throws IOException {
    long index = parts.get(first).index;
    Part before = parts.get(first - 1);
    checkFollows(parts.get(first), before.isSnapshot() ? before.index : before.index + 1, 0);
    try (FileChannel wal = target.scratch()) {
      long length = 0;
      int i = first;
      for (; i < parts.size() && parts.get(i).index == index; i++) {
        checkFollows(parts.get(i), index, length);
        length = decompress(parts.get(i), length, (at, bytes) -> writeFully(wal, at, bytes));
      }
      apply(parts.get(i - 1), wal, length, target);
      return i;
    }
  }

  private void checkFollows(Part part, long index, long offset) throws NotRestorableException {
    if (part.index != index || part.offset != offset) {
      throw new NotRestorableException(
          String.format(
              "%s/%s: the WAL segment before it, %08x_%08x or what follows that, is missing",
              store, part.key, index, offset));
    }
  }

  /** Replays a WAL up to its end, where {@code part} ends. Litestream cut it after a commit. */
  private void apply(Part part, FileChannel wal, long length, TargetFile target)
      throws IOException {
    Optional<WalScan> opened = WalScan.of(wal::read);
    long valid = opened.map(scan -> scan.header().frameOffset(scan.frameCount() + 1)).orElse(0L);
    if (valid != length) {
      throw new IOException(
          String.format(
              "%s/%s: the WAL up to here has %,d bytes, whole transactions only up to %,d: it is"
                  + " damaged",
              store, part.key, length, valid));
    }
    if (opened.isEmpty() || opened.get().commits().isEmpty()) {
      return;
    }
    WalScan scan = opened.get();
    WalScan.Commit last = scan.commits().get(scan.commits().size() - 1);
    FrameMap frames = scan.framesAt(last);
    pageSize = scan.header().pageSize();
    ByteBuffer page = ByteBuffer.allocate(pageSize);
    for (int i = 0; i < frames.size() && frames.pgno(i) <= last.pageCount(); i++) {
      long at = scan.header().frameOffset(frames.frame(i)) + WalFrameHeader.SIZE;
      page.clear();
      while (page.hasRemaining() && wal.read(page, at + page.position()) > 0) {}
      target.write((frames.pgno(i) - 1L) * pageSize, page.flip());
      bytesWritten += pageSize;
    }
    sizeBytes = (long) last.pageCount() * pageSize;
    target.setSize(sizeBytes);
  }

  /** Where decompressed bytes go. */
  private interface Sink {
    void write(long at, ByteBuffer bytes) throws IOException;
  }

  /** Decompresses a part to {@code at} of a sink and on; returns where it ended. */
  private long decompress(Part part, long at, Sink sink) throws IOException {
    long end = at;
    try (InputStream in = Lz4Frames.decompress(new RepeatedStream(store, part.key))) {
      for (int n = in.read(buffer.array()); n >= 0; n = in.read(buffer.array())) {
        sink.write(end, buffer.clear().limit(n));
        end += n;
      }
      return end;
    } catch (StoreUnavailableException | ObjectNotFoundException e) {
      throw e;
    } catch (IOException e) {
      throw new IOException(store + "/" + part.key + ": " + e.getMessage(), e);
    }
  }

  private static void writeFully(FileChannel file, long at, ByteBuffer bytes) throws IOException {
    long offset = at;
    while (bytes.hasRemaining()) {
      offset += file.write(bytes, offset);
    }
  }
}
