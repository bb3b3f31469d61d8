package dev.sluice.cluster;

import dev.sluice.lease.LeaseRecord;
import dev.sluice.lease.Register;
import dev.sluice.node.ClusterStatus;
import dev.sluice.node.NodeClient;
import dev.sluice.node.NodeException;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Leases for clusters in which people say which node is the primary: nothing is shared, so nothing
 * keeps two from being it but who configures them.
 */
public final class StaticRole {
  private static final int NOT_IMPLEMENTED = 501;

  private StaticRole() {}

  /**
   * Of the primary: nobody else asks for it.
   *
   * @param epoch the last that this node has heard of; its next term has a greater one
   */
  public static Register primary(long epoch, Duration ttl) throws IOException {
    return new OfPrimary(epoch == 0 ? null : record(epoch, 0, null, null, ttl).bytes());
  }

  /**
   * Of a follower: what the primary says. Can't be written.
   *
   * @param url of the primary
   * @param ttl when the primary is asked anew
   */
  public static Register follower(NodeClient primary, String url, Duration ttl) {
    return new OfFollower(primary, url, ttl);
  }

  private static LeaseRecord record(
      long epoch, long renewal, @Nullable String holder, @Nullable String url, Duration ttl) {
    return new LeaseRecord(
        epoch, "static-" + epoch, renewal, holder, url, ttl.toMillis(), null, null);
  }

  /** In memory. */
  private static final class OfPrimary implements Register {
    private byte @Nullable [] value;
    private long version;

    OfPrimary(byte @Nullable [] value) {
      this.value = value;
    }

    @Override
    public synchronized Optional<Versioned> read() {
      return Optional.ofNullable(value).map(now -> new Versioned(now, Long.toString(version)));
    }

    @Override
    public synchronized Optional<String> write(byte[] next, @Nullable Versioned before) {
      String expected = value == null ? null : Long.toString(version);
      if (before == null ? expected != null : !before.version().equals(expected)) {
        return Optional.empty();
      }
      value = next;
      version++;
      return Optional.of(Long.toString(version));
    }

    @Override
    public void close() {}

    @Override
    public String toString() {
      return "static:primary";
    }
  }

  /** Each answer of the primary counts as a renewal. */
  private static final class OfFollower implements Register {
    private final NodeClient primary;
    private final String url;
    private final Duration ttl;
    private long answers;

    OfFollower(NodeClient primary, String url, Duration ttl) {
      this.primary = primary;
      this.url = url;
      this.ttl = ttl;
    }

    @Override
    public synchronized Optional<Versioned> read() throws IOException {
      ClusterStatus status;
      try {
        status = primary.cluster();
      } catch (NodeException e) {
        if (e.status() == NOT_IMPLEMENTED) {
          throw new IOException(
              url + " is part of no cluster; start it with --lease static:primary", e);
        }
        throw e;
      }
      String id = status.primary();
      if (id == null || !id.equals(status.nodes().get(0).nodeId())) {
        throw new IOException(
            url
                + " is not the primary; correct --follow, or start that with --lease static:primary");
      }
      answers++;
      byte[] value = record(status.epoch(), answers, id, url, ttl).bytes();
      return Optional.of(new Versioned(value, Long.toString(answers)));
    }

    @Override
    public Optional<String> write(byte[] value, @Nullable Versioned before) throws IOException {
      throw new IOException("this node never takes the lease: it was started with static:follower");
    }

    @Override
    public void close() {}

    @Override
    public String toString() {
      return "static:follower";
    }
  }
}
