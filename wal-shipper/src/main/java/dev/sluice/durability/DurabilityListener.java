package dev.sluice.durability;

/** Counts what commits wait for. Called by many threads. */
public interface DurabilityListener {
  /** A commit has waited for so long, and is durable. */
  void waited(long nanos);

  /** A commit was refused, as it would not become durable, or did not in time. */
  void refused();

  /** Whether commits go on without being durable. */
  void degraded(boolean now);
}
