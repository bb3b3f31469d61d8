package dev.sluice.cli.system;

import java.io.IOException;
import java.nio.file.Path;
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

  /** The same, but always this one in the little that is run with all tests. */
  static long seed(long always) {
    return System.getenv("SLUICE_CAMPAIGN") == null && System.getenv("SLUICE_SEED") == null
        ? always
        : seed();
  }

  /**
   * With {@code SLUICE_EVIDENCE=DIR}, copies {@code directory} there, in place of what the last
   * round left: what a failure began with.
   */
  static void keep(Path directory) throws IOException, InterruptedException {
    String evidence = System.getenv("SLUICE_EVIDENCE");
    if (evidence != null) {
      new ProcessBuilder("rm", "-rf", evidence).start().waitFor();
      new ProcessBuilder("cp", "-a", directory.toString(), evidence).start().waitFor();
    }
  }

  /** Says how to repeat a round. */
  static AssertionError failed(long seed, Throwable why) {
    return new AssertionError("SLUICE_SEED=" + seed + " repeats it: " + why.getMessage(), why);
  }
}
