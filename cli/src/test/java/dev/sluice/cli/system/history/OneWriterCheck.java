package dev.sluice.cli.system.history;

import dev.sluice.cli.system.history.Violation.Kind;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Never two nodes at once: what is acknowledged in an epoch is so before the first commit of a
 * later one begins.
 */
final class OneWriterCheck implements Check {
  /**
   * Between the last look at the lease and the moment at which a client notes the time. A fraction
   * of what the holder of a lease gives up of it, so that nothing is excused that matters.
   */
  static final long WINDOW_NANOS = 1_000_000;

  @Override
  public Stream<Violation> violations(History history) {
    List<Write> acknowledged = history.writes().stream().filter(Write::isOk).toList();
    List<Write> timely =
        acknowledged.stream().filter(write -> !history.isStoppedWithin(write)).toList();
    return Stream.concat(overlaps(acknowledged, timely), shared(history));
  }

  private static Stream<Violation> overlaps(List<Write> acknowledged, List<Write> timely) {
    List<Violation> found = new ArrayList<>();
    TreeSet<Long> epochs = new TreeSet<>();
    acknowledged.stream().map(Write::earliestEpoch).filter(epoch -> epoch > 0).forEach(epochs::add);
    for (long epoch : epochs) {
      Optional<Write> first =
          acknowledged.stream()
              .filter(write -> write.earliestEpoch() == epoch)
              .min(Comparator.comparingLong(Write::commitNanos));
      Optional<Write> before =
          timely.stream()
              .filter(write -> write.latestEpoch() < epoch)
              .max(Comparator.comparingLong(Write::endNanos));
      if (first.isPresent() && before.isPresent()) {
        long late = before.get().endNanos() - first.get().commitNanos();
        if (late > WINDOW_NANOS) {
          found.add(
              new Violation(
                  Kind.TWO_PRIMARIES,
                  before.get()
                      + " was acknowledged "
                      + late
                      + " ns after the commit of "
                      + first.get()
                      + " had begun"));
        }
      }
    }
    return found.stream();
  }

  private static Stream<Violation> shared(History history) {
    Map<Long, Write> leads = new HashMap<>();
    List<Violation> found = new ArrayList<>();
    for (Write write : history.writes()) {
      for (long epoch : new long[] {write.before(), write.after()}) {
        Write other = epoch == 0 ? null : leads.putIfAbsent(epoch, write);
        if (other != null && other.node() != write.node()) {
          found.add(
              new Violation(
                  Kind.TWO_PRIMARIES,
                  "nodes %d and %d led in epoch %d".formatted(other.node(), write.node(), epoch)));
        }
      }
    }
    return found.stream();
  }
}
