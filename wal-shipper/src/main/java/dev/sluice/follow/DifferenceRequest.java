package dev.sluice.follow;

import dev.sluice.ltx.Position;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a follower has of a database that the primary's log does not lead on from. Big-endian.
 *
 * <pre>
 *   page size u32 │ pages u32 │ positions u32 │ (TXID u64 │ checksum u64)… │ checksum of each page u64…
 * </pre>
 *
 * @param positions where it stood, newest first
 * @param sums page checksums; that of page 1 has the index 1
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
record DifferenceRequest(int pageSize, List<Position> positions, long[] sums) {
  /** More are not sent. */
  static final int MAX_POSITIONS = 4096;

  private static final int MAX_PAGE_SIZE = 65_536;

  /** Where it stands. */
  Position position() {
    return positions.get(0);
  }

  void writeTo(DataOutputStream out) throws IOException {
    out.writeInt(pageSize);
    out.writeInt(sums.length - 1);
    out.writeInt(positions.size());
    for (Position position : positions) {
      out.writeLong(position.txid());
      out.writeLong(position.checksum());
    }
    for (int pgno = 1; pgno < sums.length; pgno++) {
      out.writeLong(sums[pgno]);
    }
  }

  static DifferenceRequest readFrom(DataInputStream in) throws IOException {
    int pageSize = in.readInt();
    int pages = in.readInt();
    int count = in.readInt();
    if (pageSize < 512
        || pageSize > MAX_PAGE_SIZE
        || pages < 0
        || count < 1
        || count > MAX_POSITIONS) {
      throw new IOException(
          "not a request for a difference: page size "
              + pageSize
              + ", "
              + pages
              + " pages, "
              + count
              + " positions");
    }
    List<Position> positions = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      positions.add(new Position(in.readLong(), in.readLong()));
    }
    // As they come: what was only announced takes no memory.
    long[] sums = new long[Math.min(pages + 1, 1 << 16)];
    for (int pgno = 1; pgno <= pages; pgno++) {
      if (pgno == sums.length) {
        sums = Arrays.copyOf(sums, (int) Math.min(pages + 1L, sums.length * 2L));
      }
      sums[pgno] = in.readLong();
    }
    return new DifferenceRequest(pageSize, positions, Arrays.copyOf(sums, pages + 1));
  }
}
