package dev.sluice.monitor.proxy;

import dev.sluice.ltx.Position;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Positions of several databases, as a client carries them. As text it is base64url without
 * padding, of
 *
 * <pre>
 *   version u8 = 1 │ { database u64 │ TXID u64 │ checksum u64 } × 0…16
 * </pre>
 *
 * where a database is the first 8 bytes of the SHA-256 of its name: short whatever the name, and
 * tells clients none. 16 make 514 characters, of the 4,096 that a browser keeps.
 *
 * @param byDatabase those that were written to last come first
 */
record Positions(Map<Long, Position> byDatabase) {
  static final Positions NONE = new Positions(Map.of());

  /**
   * Of those written to in one request; beyond that the ones written to longest ago are left out.
   */
  static final int MAX_DATABASES = 16;

  private static final byte VERSION = 1;
  private static final int ENTRY_BYTES = 24;
  private static final int MAX_TEXT = (1 + MAX_DATABASES * ENTRY_BYTES + 2) / 3 * 4;

  Positions {
    byDatabase = new LinkedHashMap<>(byDatabase);
    if (byDatabase.size() > MAX_DATABASES) {
      throw new IllegalArgumentException("more than " + MAX_DATABASES + " databases");
    }
  }

  /** What stands for a database. */
  static long id(String database) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      return ByteBuffer.wrap(sha.digest(database.getBytes(StandardCharsets.UTF_8))).getLong();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /**
   * Parses what {@link #toString} gives.
   *
   * @throws IllegalArgumentException saying what is wrong with it
   */
  static Positions parse(String text) {
    if (text.length() > MAX_TEXT) {
      throw new IllegalArgumentException("longer than " + MAX_TEXT + " characters");
    }
    ByteBuffer bytes = ByteBuffer.wrap(Base64.getUrlDecoder().decode(text));
    if (!bytes.hasRemaining() || bytes.get() != VERSION) {
      throw new IllegalArgumentException("not of version " + VERSION);
    }
    if (bytes.remaining() % ENTRY_BYTES != 0) {
      throw new IllegalArgumentException("ends within an entry");
    }
    Map<Long, Position> positions = new LinkedHashMap<>();
    while (bytes.hasRemaining()) {
      long database = bytes.getLong();
      if (positions.put(database, new Position(bytes.getLong(), bytes.getLong())) != null) {
        throw new IllegalArgumentException("has a database twice");
      }
    }
    return new Positions(positions);
  }

  boolean isEmpty() {
    return byDatabase.isEmpty();
  }

  /** Both, of the same database the one with the greater TXID. */
  Positions andNewer(Positions other) {
    Map<Long, Position> merged = new LinkedHashMap<>(byDatabase);
    other.byDatabase.forEach(
        (database, position) ->
            merged.merge(
                database,
                position,
                (a, b) -> Long.compareUnsigned(a.txid(), b.txid()) >= 0 ? a : b));
    return bounded(merged);
  }

  /** Both, of the same database that of {@code known}, which come first; none that is not there. */
  Positions replacedBy(Map<Long, Position> known) {
    Map<Long, Position> merged = new LinkedHashMap<>(known);
    byDatabase.forEach(merged::putIfAbsent);
    merged.values().removeIf(Position.NONE::equals);
    return bounded(merged);
  }

  private static Positions bounded(Map<Long, Position> positions) {
    Map<Long, Position> first = new LinkedHashMap<>();
    for (Map.Entry<Long, Position> entry : positions.entrySet()) {
      if (first.size() == MAX_DATABASES) {
        break;
      }
      first.put(entry.getKey(), entry.getValue());
    }
    return new Positions(first);
  }

  @Override
  public String toString() {
    ByteBuffer bytes = ByteBuffer.allocate(1 + byDatabase.size() * ENTRY_BYTES);
    bytes.put(VERSION);
    byDatabase.forEach(
        (database, position) ->
            bytes.putLong(database).putLong(position.txid()).putLong(position.checksum()));
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.array());
  }
}
