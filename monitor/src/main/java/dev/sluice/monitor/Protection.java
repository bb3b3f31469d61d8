package dev.sluice.monitor;

import dev.sluice.access.TlsFiles;
import dev.sluice.access.Tokens;
import org.jspecify.annotations.Nullable;

/**
 * How a server is kept from strangers.
 *
 * @param tls what it listens with; null for plain HTTP
 * @param tokens that are asked for; none for nobody is asked
 */
public record Protection(@Nullable TlsFiles tls, Tokens tokens) {
  /** Everybody who reaches it may ask for everything. */
  public static final Protection NONE = new Protection(null, Tokens.none());

  /** Whether the commands of its owner can't come in as anybody does. */
  boolean needsOwner() {
    return tls != null || !tokens.isEmpty();
  }
}
