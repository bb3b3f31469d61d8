package dev.sluice.cli.system;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.sluice.cli.Run;
import dev.sluice.cli.system.ClusterRound.Ground;
import dev.sluice.cli.system.Network.Place;
import dev.sluice.cli.system.history.Durability;
import dev.sluice.store.s3.Versitygw;
import java.nio.file.Files;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Partitions, pauses, kills and changes of the primary, at random, while clients write and read on
 * all nodes of a cluster; what they were told and saw is judged by {@link
 * dev.sluice.cli.system.history.Checker}. The lease is kept on an S3 server in a network of its own
 * where there is one, so that it can be cut off, too.
 */
class ClusterFaultsTest {
  private static final int NODES = 3;

  /** With all tests the same schedules, so that a change is judged by itself. */
  private static final long WITH_ALL_TESTS = 578_964_027;

  /** {@code SLUICE_DURABILITY=follower} runs it with another one. */
  private static final Durability DURABILITY =
      Durability.valueOf(
          Objects.requireNonNullElse(System.getenv("SLUICE_DURABILITY"), "async")
              .toUpperCase(Locale.ROOT));

  @RegisterExtension final Sandbox sandbox = new Sandbox();

  @Test
  void schedules() throws Exception {
    Network.assumeAvailable();
    assumeTrue(
        Run.process("python3", "-c", "import sys; sys.exit(sys.version_info < (3, 11))").status()
            == 0,
        "skipped: it takes Python 3.11");
    try (Network network = Network.open(sandbox.directory())) {
      List<Place> nodes = List.of(network.add(), network.add(), network.add());
      Optional<Place> lease =
          Versitygw.isInstalled() ? Optional.of(network.add()) : Optional.empty();
      Ground ground = new Ground(network, nodes, lease);
      System.out.println(
          "cluster of "
              + NODES
              + ", slow is "
              + network.slowness()
              + ", lease on S3: "
              + lease.isPresent());
      try (Versitygw server = lease.isPresent() ? server(lease.get()) : null) {
        run(ground, server);
      }
    }
  }

  private Versitygw server(Place place) throws Exception {
    Versitygw server =
        Versitygw.start(
            Files.createDirectories(sandbox.path("s3")), place.address(), place.prefix());
    server.createBucket("bucket");
    return server;
  }

  private void run(Ground ground, @Nullable Versitygw server) throws Exception {
    long first = Campaign.seed(WITH_ALL_TESTS);
    int rounds = Campaign.rounds(5);
    for (long seed = first; seed < first + rounds; seed++) {
      String name = "round" + seed;
      String lease =
          server == null
              ? "file://" + sandbox.path(name + "/lease")
              : "s3://bucket/" + name + "?region=us-east-1&endpoint=" + server.endpoint();
      ClusterRound round =
          new ClusterRound(sandbox, ground, sandbox.path(name), lease, DURABILITY, seed);
      try (round) {
        System.out.println(
            "cluster %d of %d (seed %d): %s"
                .formatted(seed - first + 1, rounds, seed, round.run()));
      } catch (Exception | AssertionError e) {
        // Nothing is mounted any more.
        Campaign.keep(sandbox.path(name));
        throw Campaign.failed(seed, e);
      }
      round.remove();
    }
  }
}
