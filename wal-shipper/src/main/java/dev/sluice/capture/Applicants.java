package dev.sluice.capture;

import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Which processes were told something of which database: each once, as far as the last thousand go.
 * Safe for use by many threads.
 */
final class Applicants {
  private static final int REMEMBERED = 1_000;

  private record Told(String database, Applicant applicant) {}

  private final Object lock = new Object();

  /** The oldest first. Guarded by {@link #lock}. */
  private final Set<Told> told = new LinkedHashSet<>();

  /** True when it was not told before. */
  boolean add(String database, Applicant applicant) {
    synchronized (lock) {
      boolean added = told.add(new Told(database, applicant));
      if (told.size() > REMEMBERED) {
        told.remove(told.iterator().next());
      }
      return added;
    }
  }
}
