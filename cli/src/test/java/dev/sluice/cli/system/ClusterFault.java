package dev.sluice.cli.system;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * A fault of a cluster at a moment of a schedule.
 *
 * @param pauseMillis what goes on undisturbed before it
 * @param node whom it meets: from 1, or {@link #PRIMARY}
 * @param other another node, as it is counted from that one: 1 is the next
 * @param holdMillis how long it lasts
 * @param stays whether it is mended with the next one only
 */
record ClusterFault(
    int pauseMillis, Kind kind, int node, int other, int holdMillis, boolean stays) {
  /** Whoever is the primary when it comes. */
  static final int PRIMARY = 0;

  /** What happens to a node. */
  enum Kind {
    /** Reaches neither the other nodes nor the lease. */
    ISOLATED(4),
    /** Is parted from another node; both reach the lease. */
    PARTED(3),
    /** What it sends to another node is lost. */
    MUTE(2),
    /** Does not reach the lease. */
    WITHOUT_LEASE(3),
    /** What it asks of the lease is done, and it never hears of it. */
    WITHOUT_ANSWERS(2),
    /** All it sends is slow and partly lost. */
    SLOW(1),
    /** SIGSTOP, later SIGCONT. */
    PAUSED(4),
    /** kill -9, later another start. */
    KILLED(4),
    /** Hands over to another. */
    HANDOFF(3),
    /** Is made the primary. */
    PROMOTED(2);

    private final int weight;

    Kind(int weight) {
      this.weight = weight;
    }

    /** Whether it is a fault of the other node as well. */
    boolean meetsOther() {
      return this == PARTED || this == MUTE;
    }

    private static Kind random(Random random) {
      int left = random.nextInt(List.of(values()).stream().mapToInt(kind -> kind.weight).sum());
      for (Kind kind : values()) {
        left -= kind.weight;
        if (left < 0) {
          return kind;
        }
      }
      throw new IllegalStateException();
    }
  }

  private static final int FAULTS = 4;
  private static final int LONGEST_PAUSE_MILLIS = 1_200;

  /** The schedule of a seed. */
  static List<ClusterFault> schedule(Random random, int nodes, long ttlMillis) {
    List<ClusterFault> faults = new ArrayList<>();
    for (int i = 0; i < FAULTS; i++) {
      int pause = 200 + random.nextInt(LONGEST_PAUSE_MILLIS);
      Kind kind = Kind.random(random);
      int node = random.nextInt(5) < 3 ? PRIMARY : 1 + random.nextInt(nodes);
      int other = 1 + random.nextInt(nodes - 1);
      // Shorter than the lease, or longer than it takes until another node has it.
      int hold = (int) ttlMillis / 4 + random.nextInt((int) ttlMillis * 2);
      boolean isChange = kind == Kind.HANDOFF || kind == Kind.PROMOTED;
      faults.add(
          new ClusterFault(
              pause, kind, node, other, isChange ? 300 : hold, random.nextInt(4) == 0));
    }
    return faults;
  }

  @Override
  public String toString() {
    return "%s %s%s for %d ms"
        .formatted(
            node == PRIMARY ? "primary" : "node " + node,
            kind.name().toLowerCase(Locale.ROOT).replace('_', ' '),
            stays ? " (stays)" : "",
            holdMillis);
  }
}
