package dev.sluice.cli;

import dev.sluice.log.DatabaseListener;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** How often changes of each database could not be followed one by one. */
final class GapCounts implements DatabaseListener {
  private final Map<String, LongAdder> counts = new ConcurrentHashMap<>();

  @Override
  public void gap(String database, String why) {
    counts.computeIfAbsent(database, name -> new LongAdder()).increment();
  }

  long of(String database) {
    LongAdder count = counts.get(database);
    return count == null ? 0 : count.sum();
  }
}
