package dev.sluice.follow;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * What the stream is made of. Big-endian.
 *
 * <pre>
 *   kind u8 │ name length u16 │ name (UTF-8) │ head TXID u64 │ time u64 │ payload length u64 │ payload
 * </pre>
 *
 * @param kind what it is
 * @param database its name; empty on a heartbeat
 * @param headTxid the last transaction the primary had of it when this was sent
 * @param millis the primary's clock, ms since the epoch
 * @param payloadBytes length of what follows
 */
record Frame(Kind kind, String database, long headTxid, long millis, long payloadBytes) {
  /** The first byte. */
  enum Kind {
    /** The payload is an LTX file that follows what the follower has. */
    LTX(1),
    /** The payload is an LTX snapshot; it replaces what the follower has. */
    SNAPSHOT(2),
    /** The primary is alive; no payload. */
    HEARTBEAT(3),
    /** The follower has all of this database; no payload. */
    CURRENT(4),
    /** The follower asked for a database that the primary does not have; no payload. */
    UNKNOWN(5),
    /** All databases known when the follower came are sent; no payload. */
    CAUGHT_UP(6),
    /**
     * Nothing leads on from what the follower has of this database: it has to ask for the
     * difference, and connect again; no payload.
     */
    DIVERGED(7),
    /** The nodes of the cluster, as JSON. */
    MEMBERS(8);

    private final int code;

    Kind(int code) {
      this.code = code;
    }
  }

  void writeTo(DataOutputStream out) throws IOException {
    byte[] name = database.getBytes(StandardCharsets.UTF_8);
    out.writeByte(kind.code);
    out.writeShort(name.length);
    out.write(name);
    out.writeLong(headTxid);
    out.writeLong(millis);
    out.writeLong(payloadBytes);
  }

  /**
   * @throws EOFException at the end of the stream
   */
  static Frame readFrom(DataInputStream in) throws IOException {
    int code = in.readUnsignedByte();
    byte[] name = new byte[in.readUnsignedShort()];
    in.readFully(name);
    long head = in.readLong();
    long millis = in.readLong();
    long payload = in.readLong();
    for (Kind kind : Kind.values()) {
      if (kind.code == code && payload >= 0) {
        return new Frame(kind, new String(name, StandardCharsets.UTF_8), head, millis, payload);
      }
    }
    throw new IOException(
        "not a frame of a stream: kind " + code + ", payload of " + payload + " bytes");
  }
}
