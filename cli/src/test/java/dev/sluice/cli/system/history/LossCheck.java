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
 * that it is not, when a node has saved it aside, some node never had it, and nothing that was
 * written later in that epoch is there.
 */
final class LossCheck implements Check {
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
    if (later != null && later.startNanos() > write.endNanos()) {
      return "and " + later + ", written later in that epoch, is there";
    }
    return null;
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
