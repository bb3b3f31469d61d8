package dev.sluice.monitor.proxy;

import dev.sluice.monitor.ListenAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a proxy works.
 *
 * @param listen where clients reach it
 * @param target where the application of this node listens
 * @param writePaths globs of paths whose requests write, whatever their method
 * @param readPaths globs of paths whose requests only read; the others win over them
 * @param waitLimitMillis how long a request is held for what its client has seen, or a write for a
 *     primary
 * @param forwarding what becomes of writes on a node that is not the primary
 * @param retryReads whether a read that the application of a follower answers with 503 is tried on
 *     the primary
 * @param flyRegion where the primary is at Fly.io, for when its machine is not known; null
 *     elsewhere
 */
public record ProxyOptions(
    ListenAddress listen,
    ListenAddress target,
    List<String> writePaths,
    List<String> readPaths,
    long waitLimitMillis,
    WriteForwarding forwarding,
    boolean retryReads,
    @Nullable String flyRegion) {
  public ProxyOptions {
    writePaths = List.copyOf(writePaths);
    readPaths = List.copyOf(readPaths);
    if (target.port() == 0) {
      throw new IllegalArgumentException("the application of a proxy needs a port other than 0");
    }
    boolean sameHost = listen.host().isEmpty() || listen.host().equals(target.host());
    if (listen.port() == target.port() && (sameHost || target.host().isEmpty())) {
      throw new IllegalArgumentException(
          "the proxy on " + listen + " would be its own application; give it another port");
    }
  }

  /** The URL of the application, without a slash at its end. */
  String targetUrl() {
    return "http://" + (target.host().isEmpty() ? "127.0.0.1" : "") + target;
  }
}
