package dev.sluice.cli.system;

import java.security.SecureRandom;

/**
 * How much of a random test is run: a little with all tests, more with {@code SLUICE_CAMPAIGN}
 * (scripts/campaign-random, scripts/campaign-kill). {@code SLUICE_SEED} repeats one case.
 */
final class Campaign {
  private Campaign() {}

  static int rounds(int small) {
    String rounds = System.getenv("SLUICE_CAMPAIGN");
    return System.getenv("SLUICE_SEED") != null
        ? 1
        : rounds == null ? small : Integer.parseInt(rounds);
  }

  /** The seed of the first round; the others count on from it. */
  static long seed() {
    String seed = System.getenv("SLUICE_SEED");
    return seed == null ? new SecureRandom().nextInt(1_000_000_000) : Long.parseLong(seed);
  }

  /** Says how to repeat a round. */
  static AssertionError failed(long seed, Throwable why) {
    return new AssertionError("SLUICE_SEED=" + seed + " repeats it: " + why.getMessage(), why);
  }
}
