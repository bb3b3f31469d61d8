package dev.sluice.benchmarks.system;

/** What a Sluice process has used since it started: FUSE requests answered, processor time. */
record Usage(long requests, long cpuMillis) {
  static final Usage NONE = new Usage(0, 0);

  Usage minus(Usage before) {
    return new Usage(requests - before.requests, cpuMillis - before.cpuMillis);
  }

  Usage plus(Usage other) {
    return new Usage(requests + other.requests, cpuMillis + other.cpuMillis);
  }
}
