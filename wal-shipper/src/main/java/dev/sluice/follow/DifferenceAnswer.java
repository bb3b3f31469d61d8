package dev.sluice.follow;

import dev.sluice.ltx.Position;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;

/**
 * What precedes the LTX file that a follower gets for its {@link DifferenceRequest}. Big-endian.
 *
 * <pre>
 *   common TXID u64 │ common checksum u64 │ length u64 │ LTX file
 * </pre>
 *
 * @param common the last of the follower's positions that is on the primary's history; {@link
 *     Position#NONE} when that is not known
 * @param length of the file, in bytes
 */
record DifferenceAnswer(Position common, long length) {
  void writeTo(DataOutputStream out) throws IOException {
    out.writeLong(common.txid());
    out.writeLong(common.checksum());
    out.writeLong(length);
  }

  static DifferenceAnswer readFrom(DataInputStream in) throws IOException {
    long txid = in.readLong();
    long checksum = in.readLong();
    Position common = txid == 0 ? Position.NONE : new Position(txid, checksum);
    return new DifferenceAnswer(common, in.readLong());
  }
}
