package dev.sluice.beside;

import dev.sluice.connection.LockedFile;
import dev.sluice.ltx.Position;
import dev.sluice.os.FileStatus;
import dev.sluice.os.Libc;
import dev.sluice.os.NativeFile;
import dev.sluice.sqlite.DatabaseHeader;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/**
 * Where in the files the log stands, in a file beside the log: written after each capture, so that
 * the next process need not read the database to find out. Not fsynced: it counts in the boot of
 * the system in which it was written, because a kill loses nothing of it, and after a loss of power
 * files are compared.
 */
final class Note implements Closeable {
  private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");
  private static final int BOOT_BYTES = 36;
  private static final int SIZE = BOOT_BYTES + 4 + 6 * 8 + 4 * 4;

  /**
   * What is noted.
   *
   * @param position in the log
   * @param inode of the main file
   * @param walInode of the WAL, 0 when the main file alone was captured
   * @param salt1 of the WAL's generation
   * @param salt2 likewise
   * @param frame the last one captured
   * @param stamp of the main file, for one without a WAL
   */
  record Place(
      Position position, long inode, long walInode, int salt1, int salt2, int frame, Stamp stamp) {}

  /** How a main file looks: another after each write. */
  record Stamp(long sizeBytes, long mtimeNanos, int changeCounter) {
    static final Stamp NONE = new Stamp(0, 0, 0);

    static Stamp of(LockedFile main, FileStatus status) throws IOException {
      main.status(status);
      int counter = Pages.header(main).map(DatabaseHeader::changeCounter).orElse(0);
      return new Stamp(status.size(), mtimeNanos(status), counter);
    }

    static long mtimeNanos(FileStatus status) {
      return status.mtimeSeconds() * 1_000_000_000 + status.mtimeNanos();
    }
  }

  private final NativeFile file;
  private final byte[] boot;
  private final ByteBuffer bytes = ByteBuffer.allocateDirect(SIZE);

  private Note(NativeFile file, byte[] boot) {
    this.file = file;
    this.boot = boot;
  }

  static Note open(Path directory) throws IOException {
    byte[] boot =
        Arrays.copyOf(Files.readString(BOOT_ID).getBytes(StandardCharsets.US_ASCII), BOOT_BYTES);
    return new Note(NativeFile.open(directory.resolve("beside"), Libc.O_RDWR | Libc.O_CREAT), boot);
  }

  /** What was noted in this boot. */
  Optional<Place> read() throws IOException {
    byte[] of = new byte[BOOT_BYTES];
    bytes.clear();
    if (file.read(bytes, 0) < SIZE) {
      return Optional.empty();
    }
    bytes.flip().get(of);
    bytes.getInt();
    if (!Arrays.equals(of, boot)) {
      return Optional.empty();
    }
    Position position = new Position(bytes.getLong(), bytes.getLong());
    return Optional.of(
        new Place(
            position,
            bytes.getLong(),
            bytes.getLong(),
            bytes.getInt(),
            bytes.getInt(),
            bytes.getInt(),
            new Stamp(bytes.getLong(), bytes.getLong(), bytes.getInt())));
  }

  void write(Place place) throws IOException {
    bytes.clear();
    bytes
        .put(boot)
        .putInt(0)
        .putLong(place.position.txid())
        .putLong(place.position.checksum())
        .putLong(place.inode)
        .putLong(place.walInode)
        .putInt(place.salt1)
        .putInt(place.salt2)
        .putInt(place.frame)
        .putLong(place.stamp.sizeBytes)
        .putLong(place.stamp.mtimeNanos)
        .putInt(place.stamp.changeCounter);
    file.write(bytes.flip(), 0);
  }

  @Override
  public void close() {
    file.close();
  }
}
