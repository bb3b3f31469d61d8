package dev.sluice.benchmarks.system;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a Sluice process has used since it started.
 *
 * @param operations FUSE requests answered, by operation
 * @param allocatedBytes heap allocated by the threads that answered them
 */
record Usage(Map<String, Requests> operations, double allocatedBytes, long cpuMillis) {
  static final Usage NONE = new Usage(Map.of(), 0, 0);

  /**
   * FUSE requests of one operation.
   *
   * @param seconds how long they took the server
   */
  record Requests(double count, double seconds) {
    Requests plus(Requests other) {
      return new Requests(count + other.count, seconds + other.seconds);
    }

    Requests times(double factor) {
      return new Requests(count * factor, seconds * factor);
    }
  }

  /** All FUSE requests. */
  double requests() {
    return operations.values().stream().mapToDouble(Requests::count).sum();
  }

  Usage minus(Usage before) {
    return plus(before, -1);
  }

  Usage plus(Usage other) {
    return plus(other, 1);
  }

  private Usage plus(Usage other, int sign) {
    Map<String, Requests> sum = new HashMap<>(operations);
    other.operations.forEach((name, of) -> sum.merge(name, of.times(sign), Requests::plus));
    return new Usage(
        Map.copyOf(sum),
        allocatedBytes + sign * other.allocatedBytes,
        cpuMillis + sign * other.cpuMillis);
  }

  /** The operations with a share of at least {@code least} in each of {@code per}, most first. */
  List<Map.Entry<String, Requests>> often(long per, double least) {
    return operations.entrySet().stream()
        .map(e -> Map.entry(e.getKey(), e.getValue().times(1.0 / per)))
        .filter(e -> e.getValue().count() >= least)
        .sorted((a, b) -> Double.compare(b.getValue().seconds(), a.getValue().seconds()))
        .toList();
  }
}
