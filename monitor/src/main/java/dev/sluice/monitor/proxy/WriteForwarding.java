package dev.sluice.monitor.proxy;

import java.util.Locale;

/** What becomes of a write that comes to a node which is not the primary. */
public enum WriteForwarding {
  /** It is sent to the proxy of the primary, and the answer comes back the same way. */
  PROXY,

  /** Fly.io's proxy is asked to send it to the primary. */
  FLY_REPLAY,

  /** The client is told who the primary is. */
  NONE;

  /** {@code proxy}, {@code fly-replay} or {@code none}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
