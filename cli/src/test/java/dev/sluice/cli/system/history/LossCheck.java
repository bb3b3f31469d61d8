package dev.sluice.cli.system.history;

import dev.sluice.cli.system.history.Violation.Kind;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What is acknowledged is there in the end. Where replication is asynchronous a failover excuses
 * that it is not, when a node has saved it aside, some node never had it, nor had one that no fault
 * met, and nothing that was written later in that epoch is there.
 */
final class LossCheck implements Check {
  /** What followers have for so long all of them have, if nothing is wrong with them. */
  static final long SHARED_NANOS = 500_000_000;

  private final Durability durability;

  LossCheck(Durability durability) {
    this.durability = durability;
  }

  @Override
  public Stream<Violation> violations(History history) {
    List<Write> lost = history.lost();
    Map<String, Set<Integer>> seen = seen(history, lost);
    Map<String, Write> lastOfEpoch = lastOfEpoch(history);
    return lost.stream()
        .flatMap(
            write ->
                Stream.ofNullable(
                        inexcusable(
                            history,
                            write,
                            seen.getOrDefault(write.token(), Set.of()),
                            lastOfEpoch.get(place(write))))
                    .map(why -> new Violation(Kind.LOST, write + " is gone: " + why)));
  }

  private @Nullable String inexcusable(
      History history, Write write, Set<Integer> seen, @Nullable Write later) {
    if (durability != Durability.ASYNC) {
      return "durability is " + durability.key();
    }
    Optional<Long> end = history.unplannedEnd(write.earliestEpoch());
    if (end.isEmpty()) {
      return "every change of the primary since then was planned";
    }
    if (!history.aside().contains(write.token())) {
      return "no node has saved it aside";
    }
    if (seen.size() == history.nodes()) {
      return "all nodes had it";
    }
    String keeper = keeper(history, write, end.get());
    if (keeper != null) {
      return keeper;
    }
    if (later != null && later.startNanos() > write.endNanos()) {
      return "and " + later + ", written later in that epoch, is there";
    }
    return null;
  }

  /**
   * A node that nothing happened to and that had it well before the primary was lost. It could have
   * become the primary, and whoever did could have asked it.
   */
  private static @Nullable String keeper(History history, Write write, long epoch) {
    if (epoch != write.latestEpoch()) {
      return null;
    }
    long lastNanos =
        history.writes().stream()
            .filter(each -> each.isOk() && each.latestEpoch() == epoch)
            .mapToLong(Write::endNanos)
            .max()
            .orElse(0);
    // What its primary acknowledged when it may have been cut off already is another matter.
    long cutNanos =
        history.disturbances().stream()
            .filter(each -> each.node() == write.node() && each.untilNanos() > write.endNanos())
            .mapToLong(Disturbance::fromNanos)
            .min()
            .orElse(Long.MAX_VALUE);
    if (write.endNanos() + SHARED_NANOS > Math.min(lastNanos, cutNanos)) {
      return null;
    }
    long nextNanos = history.nextEpochNanos(epoch);
    return history.reads().stream()
        .filter(read -> read.node() != write.node())
        .filter(read -> history.isUndisturbed(read.node(), read.startNanos(), nextNanos))
        .filter(read -> read.tokens().contains(write.token()))
        .findFirst()
        .map(read -> read + " had it, and nothing happened to that node")
        .orElse(null);
  }

  /** On which nodes what is lost was read, with the one where it was written. */
  private static Map<String, Set<Integer>> seen(History history, List<Write> lost) {
    Map<String, Set<Integer>> seen = new HashMap<>();
    lost.forEach(
        write -> seen.computeIfAbsent(write.token(), t -> new HashSet<>()).add(write.node()));
    for (Read read : history.reads()) {
      for (String token : read.tokens()) {
        Set<Integer> nodes = seen.get(token);
        if (nodes != null) {
          nodes.add(read.node());
        }
      }
    }
    return seen;
  }

  /** Of each epoch and database the acknowledged write that began last of those still there. */
  private static Map<String, Write> lastOfEpoch(History history) {
    Set<Write> lost = new HashSet<>(history.lost());
    Map<String, Write> last = new HashMap<>();
    history.writes().stream()
        .filter(write -> write.isOk() && write.isWithinOneEpoch() && !lost.contains(write))
        .forEach(
            write ->
                last.merge(place(write), write, (a, b) -> a.startNanos() > b.startNanos() ? a : b));
    return last;
  }

  private static String place(Write write) {
    return write.isWithinOneEpoch() ? write.database() + " " + write.before() : "";
  }
}
