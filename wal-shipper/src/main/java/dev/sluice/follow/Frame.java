package dev.sluice.follow;

import dev.sluice.log.DatabaseName;
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
 * <p>What a follower reads may come from anybody: nothing is allocated for a length that is only
 * announced, and a name leads nowhere but below the data directory.
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
    LTX(1, true, true),
    /** The payload is an LTX snapshot; it replaces what the follower has. */
    SNAPSHOT(2, true, true),
    /** The primary is alive; no payload. */
    HEARTBEAT(3, false, false),
    /** The follower has all of this database; no payload. */
    CURRENT(4, true, false),
    /** The follower asked for a database that the primary does not have; no payload. */
    UNKNOWN(5, true, false),
    /** All databases known when the follower came are sent; no payload. */
    CAUGHT_UP(6, false, false),
    /**
     * Nothing leads on from what the follower has of this database: it has to ask for the
     * difference, and connect again; no payload.
     */
    DIVERGED(7, true, false),
    /** The nodes of the cluster, as JSON. */
    MEMBERS(8, false, true);

    private final int code;
    private final boolean hasDatabase;
    private final boolean hasPayload;

    Kind(int code, boolean hasDatabase, boolean hasPayload) {
      this.code = code;
      this.hasDatabase = hasDatabase;
      this.hasPayload = hasPayload;
    }

    private static Kind of(int code) throws IOException {
      for (Kind kind : values()) {
        if (kind.code == code) {
          return kind;
        }
      }
      throw notAFrame("kind " + code);
    }
  }

  /** As long as a path may be. */
  static final int MAX_NAME_BYTES = 4_096;

  /** More than the snapshot of any database that SQLite is used for; the disk is the real limit. */
  static final long MAX_PAYLOAD_BYTES = 1L << 40;

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
   * @throws IOException when that is no frame; the message says what of it makes no sense
   */
  static Frame readFrom(DataInputStream in) throws IOException {
    Kind kind = Kind.of(in.readUnsignedByte());
    int nameBytes = in.readUnsignedShort();
    if (nameBytes > MAX_NAME_BYTES) {
      throw notAFrame(kind + " with a name of " + nameBytes + " bytes");
    }
    byte[] name = new byte[nameBytes];
    in.readFully(name);
    long head = in.readLong();
    long millis = in.readLong();
    long payload = in.readLong();
    if (payload < 0 || payload > (kind.hasPayload ? MAX_PAYLOAD_BYTES : 0)) {
      throw notAFrame(kind + " with a payload of " + payload + " bytes");
    }
    String database = new String(name, StandardCharsets.UTF_8);
    if (kind.hasDatabase) {
      try {
        DatabaseName.checked(database);
      } catch (IllegalArgumentException e) {
        throw notAFrame(kind + " of database " + e.getMessage());
      }
    }
    return new Frame(kind, database, head, millis, payload);
  }

  private static IOException notAFrame(String what) {
    return new IOException("not a frame of a stream: " + what);
  }
}
