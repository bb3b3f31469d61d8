package dev.sluice.restore;

import dev.sluice.ltx.LtxSnapshot;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * Which pieces of a target file are written, in a small file beside it, so that a restore that was
 * interrupted can go on.
 *
 * <pre>
 * 16 bytes a piece, at 16 × its number:    origin u64 │ xor of its page checksums u64
 * </pre>
 *
 * <p>A piece counts as written only when what lies in the target has these page checksums, so
 * nothing has to be durable, in any order: neither a lost nor a torn record, nor pages lost with
 * the power, are taken for good ones. Its origin names the files and pages that it comes from, so
 * what a newer plan takes from elsewhere is restored anew, and the rest is kept.
 */
final class PieceJournal implements LtxSnapshot.Pieces, AutoCloseable {
  /** What the name of a journal has after that of its file. */
  static final String SUFFIX = "-pieces";

  private static final int RECORD_BYTES = 16;

  private final FileChannel channel;
  private final TargetFile target;
  private final RestoreListener listener;
  private final long totalBytes;
  private final int pageSize;

  /** Origins and checksums of an earlier restore, by turns. Not changed after opening. */
  private final long[] earlier;

  private final ByteBuffer record = ByteBuffer.allocate(RECORD_BYTES);
  private long writtenBytes;

  private PieceJournal(
      FileChannel channel,
      long[] earlier,
      TargetFile target,
      int pageSize,
      long totalBytes,
      RestoreListener listener) {
    this.channel = channel;
    this.earlier = earlier;
    this.target = target;
    this.pageSize = pageSize;
    this.totalBytes = totalBytes;
    this.listener = listener;
  }

  /** Where the journal of a file lies. */
  static Path of(Path file) {
    return file.resolveSibling(file.getFileName() + SUFFIX);
  }

  /** Opens the journal of a target, which an earlier restore may have left. */
  static PieceJournal open(
      TargetFile target, int pageSize, long totalBytes, RestoreListener listener)
      throws IOException {
    Path path = of(target.temporary());
    FileChannel channel =
        FileChannel.open(
            path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    try {
      // No more than the database can have, whatever the file says.
      long records = Math.min(channel.size() / RECORD_BYTES, totalBytes / pageSize);
      ByteBuffer bytes = ByteBuffer.allocate((int) records * RECORD_BYTES);
      while (bytes.hasRemaining() && channel.read(bytes, bytes.position()) > 0) {}
      long[] earlier = new long[bytes.flip().remaining() / Long.BYTES];
      bytes.asLongBuffer().get(earlier);
      return new PieceJournal(channel, earlier, target, pageSize, totalBytes, listener);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  @Override
  public long written(int piece, long origin) {
    int at = 2 * piece;
    return at + 1 < earlier.length && earlier[at] == origin ? earlier[at + 1] : 0;
  }

  @Override
  public void read(int pgno, ByteBuffer pages) throws IOException {
    target.read((pgno - 1L) * pageSize, pages);
  }

  @Override
  public void done(int piece, long origin, long xor, int pages) throws IOException {
    if (xor != 0 && written(piece, origin) != xor) {
      record.clear().putLong(origin).putLong(xor).flip();
      for (long at = (long) piece * RECORD_BYTES; record.hasRemaining(); ) {
        at += channel.write(record, at);
      }
    }
    writtenBytes += (long) pages * pageSize;
    listener.onProgress(writtenBytes, totalBytes);
  }

  long writtenBytes() {
    return writtenBytes;
  }

  /** How much an earlier restore says it has written. */
  long earlierBytes() {
    long pieces = Arrays.stream(earlier).filter(value -> value != 0).count() / 2;
    return Math.min(totalBytes, pieces * LtxSnapshot.PIECE_BYTES);
  }

  /** Closes the file, which stays. */
  @Override
  public void close() throws IOException {
    channel.close();
  }
}
