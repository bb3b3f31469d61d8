package dev.sluice.lease;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.lease.Lease.State;
import dev.sluice.lease.Lease.View;
import dev.sluice.lease.MemoryRegister.Fault;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Random schedules of some nodes, whose clocks drift, whose requests get lost, and which stop now
 * and then. At no moment do two believe to hold the lease, and later holders have greater epochs.
 */
final class LeaseScheduleTest {
  private static final Duration TTL = Duration.ofSeconds(10);
  private static final int STEPS = 400;

  /** What moves at once at most: shorter than the margin between two holders. */
  private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private static final Fault[] FAULTS = Fault.values();

  /** A node with clocks of its own. */
  private static final class Node {
    final String id;

    /** How many nanoseconds of its clocks go by in 1,000 of the world. */
    final int speed;

    /** Whether its time of day is set back now and then; a machine that sleeps as well is lost. */
    final boolean isSetBack;

    final FakeClocks clocks;
    Lease lease;
    @Nullable View view;

    /** It is in the middle of a request. */
    boolean isBusy;

    /** It does nothing before then; its clocks go on, or only its time of day. */
    long pausedUntilNanos;

    boolean isAsleep;

    Node(String id, Random random, MemoryRegister register) {
      this.id = id;
      this.speed = 950 + random.nextInt(101);
      this.isSetBack = random.nextBoolean();
      this.clocks = new FakeClocks(random.nextLong(), random.nextInt(1 << 30));
      this.lease = open(register);
    }

    Lease open(MemoryRegister register) {
      return new Lease(register, id, null, TTL, clocks);
    }
  }

  /** Everything, and the time. */
  private static final class World {
    private final Random random;
    private final MemoryRegister register = new MemoryRegister();
    private final List<Node> nodes = new ArrayList<>();
    private final int faultsInHundred;
    private long nanos;
    private @Nullable String lastHolder;
    private long lastEpoch;
    private int successions;

    World(long seed) {
      random = new Random(seed);
      faultsInHundred = random.nextInt(4) * 10;
      int count = 2 + random.nextInt(2);
      for (int i = 0; i < count; i++) {
        nodes.add(new Node("n" + i, random, register));
      }
      register.travel = this::travel;
    }

    int run() throws IOException {
      for (int i = 0; i < STEPS; i++) {
        step();
        pass(random.nextInt(3) == 0 ? millis(4_000) : millis(300));
      }
      return successions;
    }

    private long millis(int most) {
      return TimeUnit.MILLISECONDS.toNanos(random.nextInt(most));
    }

    /** A request takes its time, in which other nodes go on. */
    private void travel() {
      if (random.nextInt(100) < faultsInHundred) {
        register.faults.add(FAULTS[random.nextInt(FAULTS.length)]);
      }
      pass(random.nextInt(10) == 0 ? millis(15_000) : millis(200));
      if (random.nextInt(4) == 0) {
        try {
          step();
        } catch (IOException e) {
          throw new AssertionError(e);
        }
      }
    }

    private void step() throws IOException {
      if (register.late() > 0 && random.nextInt(3) == 0) {
        register.arrive(random.nextInt(register.late()));
      }
      Node node = nodes.get(random.nextInt(nodes.size()));
      if (node.isBusy || nanos < node.pausedUntilNanos) {
        return;
      }
      node.isAsleep = false;
      node.isBusy = true;
      try {
        act(node);
      } catch (IOException e) {
        assertThat(e).hasMessageMatching("the (request|answer) was lost|no answer in time");
      } finally {
        node.isBusy = false;
      }
    }

    private void act(Node node) throws IOException {
      switch (random.nextInt(24)) {
        case 0 -> node.lease.release(random.nextBoolean() ? null : "n0");
        case 1 -> {
          // Killed, and started again.
          node.lease = node.open(register);
          node.view = null;
        }
        case 2 -> pause(node, random.nextInt(30_000), false);
        case 3 -> pause(node, random.nextInt(30_000), !node.isSetBack);
        case 4 -> node.clocks.setDay(random.nextInt(20_000));
        case 5 -> node.clocks.setDay(node.isSetBack ? -random.nextInt(20_000) : 0);
        case 6 ->
            node.lease.keepInSync(node.lease.epoch(), random.nextBoolean() ? null : List.of("n1"));
        case 7, 8, 9 -> node.view = node.lease.look();
        case 10, 11, 12, 13, 14, 15 -> acquire(node);
        default -> {
          if (!node.lease.renew()) {
            acquire(node);
          }
        }
      }
    }

    private void acquire(Node node) throws IOException {
      View judged = node.view;
      if (judged == null || judged.state() == State.HELD || random.nextBoolean()) {
        judged = node.lease.look();
      }
      node.view = judged;
      node.lease.tryAcquire(judged, null);
    }

    private void pause(Node node, int millis, boolean asleep) {
      node.pausedUntilNanos = nanos + TimeUnit.MILLISECONDS.toNanos(millis);
      node.isAsleep = asleep;
    }

    private void pass(long time) {
      for (long left = time; left > 0; left -= TICK_NANOS) {
        long tick = Math.min(left, TICK_NANOS);
        nanos += tick;
        for (Node node : nodes) {
          long own = tick * node.speed / 1000;
          if (node.isAsleep && nanos < node.pausedUntilNanos) {
            node.clocks.sleepNanos(own);
          } else {
            node.clocks.passNanos(own);
          }
        }
        check();
      }
    }

    private void check() {
      List<Node> holders = nodes.stream().filter(node -> node.lease.isHeld()).toList();
      assertThat(holders).as("at %,d ns", nanos).extracting(node -> node.id).hasSizeLessThan(2);
      for (Node node : holders) {
        long epoch = node.lease.epoch();
        if (node.id.equals(lastHolder)) {
          assertThat(epoch).isGreaterThanOrEqualTo(lastEpoch);
        } else {
          assertThat(epoch).isGreaterThan(lastEpoch);
          successions++;
        }
        lastHolder = node.id;
        lastEpoch = epoch;
      }
    }
  }

  @Property(tries = 200, shrinking = ShrinkingMode.OFF)
  void neverTwoHolders(@ForAll long seed) throws IOException {
    new World(seed).run();
  }

  /** The schedules are such that it goes from one to another, and often. */
  @Test
  void theLeaseMoves() throws IOException {
    int successions = 0;
    for (int seed = 0; seed < 50; seed++) {
      successions += new World(seed).run();
    }
    assertThat(successions).isGreaterThan(200);
  }
}
