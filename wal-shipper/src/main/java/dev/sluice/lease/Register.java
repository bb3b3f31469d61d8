package dev.sluice.lease;

import java.io.Closeable;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One small value that several nodes share, changed by compare and swap: an object of a store, a
 * key of etcd. Linearizable: a read gives the last write that was answered before, or a later one.
 * Safe for use by many threads. {@code toString()} names the place without secrets.
 */
public interface Register extends Closeable {
  /**
   * What was read.
   *
   * @param version names this write of the value, opaque: no other write has the same
   */
  @SuppressWarnings("ArrayRecordComponent") // Compared by version only.
  record Versioned(byte[] value, String version) {}

  /** The value; empty before the first write. */
  Optional<Versioned> read() throws IOException;

  /**
   * Replaces the value if it is still the one that was read.
   *
   * @param before what was read; null for the first write
   * @return the version of what was written; empty when somebody else has written meanwhile
   * @throws IOException when it is not known whether it was written
   */
  Optional<String> write(byte[] value, @Nullable Versioned before) throws IOException;
}
