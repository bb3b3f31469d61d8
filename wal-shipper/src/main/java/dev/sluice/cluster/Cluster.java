package dev.sluice.cluster;

import dev.sluice.lease.Lease;
import dev.sluice.lease.Lease.State;
import dev.sluice.lease.Lease.View;
import dev.sluice.lease.LeaseRecord;
import java.io.Closeable;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a node the primary while it holds the lease, and a follower of whoever does otherwise.
 *
 * <pre>
 *   thread "cluster"         looks at the lease, takes it when nobody has it, changes the role
 *   thread "lease-renewal"   renews it as long as this node has it
 * </pre>
 *
 * <p>What keeps two nodes from writing at once is not here but in {@link Lease#isHeld}, which is
 * asked at every commit: a node that can't renew stops by itself when its time is over, whatever
 * these threads do. Safe for use by many threads.
 */
public final class Cluster implements Closeable {
  private static final Logger log = LoggerFactory.getLogger(Cluster.class);

  /** A node that is behind others leaves it to them for so long. */
  private static final long YIELD_MILLIS = 2_000;

  /**
   * The same for one that was no part of the last term. Others may take so much longer to find that
   * the lease has expired: they look at it when the primary has been silent for some seconds.
   */
  private static final long MISSED_MILLIS = 6_000;

  private static final long LONGEST_LOOK_MILLIS = 500;
  private static final int LOOKS_PER_TTL = 10;
  private static final int RENEWALS_PER_TTL = 3;

  private enum Role {
    STANDBY,
    PRIMARY,
    FOLLOWER
  }

  private final Lease lease;
  private final String node;
  private final Roles roles;
  private final LongConsumer heard;
  private final Thread thread = new Thread(this::run, "cluster");
  private final Thread renewal = new Thread(this::renew, "lease-renewal");
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** Guarded by {@link #lock}. */
  private final ArrayDeque<Runnable> commands = new ArrayDeque<>();

  /** Guarded by {@link #lock}. */
  private boolean woken;

  private volatile boolean stopped;
  private volatile boolean closed;
  private volatile @Nullable LeaseRecord seen;
  private volatile @Nullable String problem;

  /** Why the lease can't be renewed; null when it can. Set by the thread {@code lease-renewal}. */
  private volatile @Nullable String renewalProblem;

  // For the thread "cluster".

  private Role role = Role.STANDBY;
  private @Nullable URI primary;
  private long followedEpoch;

  /** Since when nobody has the lease, by this node's look at it; 0 when somebody has. */
  private long freeSinceNanos;

  /**
   * @param node id of this node
   * @param heard is told of each epoch, before anything is done in it
   */
  public Cluster(Lease lease, String node, Roles roles, LongConsumer heard) {
    this.lease = lease;
    this.node = node;
    this.roles = roles;
    this.heard = heard;
    thread.setDaemon(true);
    renewal.setDaemon(true);
  }

  public void start() {
    renewal.start();
    thread.start();
  }

  /** What the lease was when it was last looked at; null before. */
  public @Nullable LeaseRecord lease() {
    return seen;
  }

  /**
   * Why this node is neither a primary nor a follower, or will not be the primary for long; null
   * when neither is so.
   */
  public @Nullable String problem() {
    String now = problem;
    return now == null ? renewalProblem : now;
  }

  /** The stream has ended, or something else calls for a look at the lease. */
  public void wake() {
    lock.lock();
    try {
      woken = true;
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Makes another node the primary, without losing or refusing a write.
   *
   * @param successor its id, a node that follows this one
   * @return completes when this node has given the lease to it
   */
  public CompletableFuture<Void> handOff(String successor, long timeoutMillis) {
    return command(() -> handOffNow(successor, timeoutMillis));
  }

  /**
   * Takes the lease that nobody has, though this node may lack acknowledged transactions.
   *
   * @return completes when this node is the primary
   */
  public CompletableFuture<Void> force() {
    return command(this::forceNow);
  }

  private interface Command {
    void run() throws IOException;
  }

  private CompletableFuture<Void> command(Command command) {
    CompletableFuture<Void> result = new CompletableFuture<>();
    lock.lock();
    try {
      commands.add(
          () -> {
            try {
              command.run();
              result.complete(null);
            } catch (IOException | RuntimeException e) {
              result.completeExceptionally(new CompletionException(e));
            }
          });
      changed.signal();
    } finally {
      lock.unlock();
    }
    return result;
  }

  private void handOffNow(String successor, long timeoutMillis) throws IOException {
    if (role != Role.PRIMARY || !lease.isHeld()) {
      throw new IOException("this node is not the primary");
    }
    if (successor.equals(node)) {
      throw new IOException("this node is the primary already");
    }
    long started = System.nanoTime();
    roles.prepareHandOff(successor, timeoutMillis);
    try {
      lease.release(successor);
    } finally {
      // Whether the lease was given back or not: this node takes no more commits.
      standBy();
    }
    log.info(
        "handed over to node {}; nobody could write here for {} ms",
        successor,
        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - started));
  }

  private void forceNow() throws IOException {
    View view = lease.look();
    LeaseRecord record = view.record();
    if (view.state() == State.HELD && record != null) {
      throw new IOException(
          "node "
              + record.holder()
              + " has the lease, or had it a moment ago; without --force it hands over");
    }
    if (!lease.tryAcquire(view, roles.inSync(record, true))) {
      throw new IOException("another node has taken the lease just now");
    }
    log.warn(
        "this node takes the lease by force; what it lacks of acknowledged transactions is lost");
    freeSinceNanos = 0;
    lead();
  }

  private void run() {
    while (!stopped) {
      long pauseMillis;
      try {
        pauseMillis = step();
        problem = null;
      } catch (IOException | RuntimeException e) {
        report(e);
        pauseMillis = lookMillis();
      }
      Runnable command = await(pauseMillis);
      if (command != null) {
        command.run();
      }
    }
  }

  private void report(Exception e) {
    String why = e.getMessage() == null ? e.toString() : e.getMessage();
    if (!why.equals(problem)) {
      log.warn("cluster: {}", why);
      log.debug("cluster", e);
    }
    problem = why;
  }

  private long lookMillis() {
    return Math.min(LONGEST_LOOK_MILLIS, lease.ttlMillis() / LOOKS_PER_TTL);
  }

  private @Nullable Runnable await(long millis) {
    lock.lock();
    try {
      long left = TimeUnit.MILLISECONDS.toNanos(millis);
      while (!stopped && !woken && commands.isEmpty() && left > 0) {
        left = changed.awaitNanos(left);
      }
      woken = false;
      return commands.poll();
    } catch (InterruptedException e) {
      stopped = true;
      return null;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Does what the lease calls for.
   *
   * @return when to look again, in ms, unless something happens before
   */
  private long step() throws IOException {
    if (role == Role.PRIMARY) {
      if (lease.isHeld()) {
        return lookMillis();
      }
      lease.drop();
      log.error(
          "the lease at {} was lost: this node takes no writes any more; what it committed and others lack will be saved aside",
          lease);
      standBy();
    }
    View view = lease.look();
    seen = view.record();
    if (view.record() != null) {
      heard.accept(view.record().epoch());
    }
    if (view.state() == State.HELD) {
      freeSinceNanos = 0;
      return follow(Objects.requireNonNull(view.record()));
    }
    return candidate(view);
  }

  private void standBy() {
    role = Role.STANDBY;
    primary = null;
    roles.standBy();
  }

  private long follow(LeaseRecord record) throws IOException {
    String url = record.url();
    if (url == null) {
      if (role != Role.STANDBY) {
        standBy();
      }
      throw new IOException(
          "node "
              + record.holder()
              + " is the primary, but takes no followers; start it with --listen");
    }
    URI wanted = URI.create(url);
    if (role != Role.FOLLOWER || !wanted.equals(primary) || followedEpoch != record.epoch()) {
      roles.follow(wanted, record.epoch());
      role = Role.FOLLOWER;
      primary = wanted;
      followedEpoch = record.epoch();
    }
    return roles.isConnected() && !roles.missed(record.epoch()) ? lease.ttlMillis() : lookMillis();
  }

  /** Nobody has the lease. */
  private long candidate(View view) throws IOException {
    LeaseRecord record = view.record();
    if (freeSinceNanos == 0) {
      freeSinceNanos = System.nanoTime();
    }
    long freeMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - freeSinceNanos);
    if (record != null && !record.isOpenTo(node, roles.isForgetful())) {
      throw new IOException(notOpen(record));
    }
    boolean promised =
        record != null && record.successor() != null && !record.successor().equals(node);
    if (promised && freeMillis < lease.ttlMillis()) {
      return lookMillis();
    }
    boolean mine = record != null && node.equals(record.successor());
    if (!mine && freeMillis < YIELD_MILLIS && roles.isBehindOthers()) {
      return lookMillis();
    }
    if (!mine && freeMillis < MISSED_MILLIS && missed(record)) {
      return lookMillis();
    }
    if (!lease.tryAcquire(view, roles.inSync(record, false))) {
      return 0;
    }
    freeSinceNanos = 0;
    lead();
    return lookMillis();
  }

  private String notOpen(LeaseRecord record) {
    List<String> able = new ArrayList<>(Objects.requireNonNull(record.inSync()));
    String holder = record.holder();
    if (holder != null && !holder.equals(node)) {
      able.add(holder);
    }
    return "nobody has the lease, and this node does not take it, as it may lack acknowledged transactions; "
        + (able.isEmpty() ? "no node" : String.join(" or ", able))
        + " may. When none of them comes back, 'sluice promote --force' makes this node the primary";
  }

  /**
   * The last term was another's and this node no part of it: a primary of an earlier one, say, that
   * was started again. It can't know who has more, as it knows no others.
   */
  private boolean missed(@Nullable LeaseRecord last) {
    return last != null && !node.equals(last.holder()) && roles.missed(last.epoch());
  }

  private void lead() throws IOException {
    long epoch = lease.epoch();
    heard.accept(epoch);
    try {
      roles.lead(epoch);
      role = Role.PRIMARY;
      primary = null;
      log.info("this node is the primary, epoch {}", epoch);
    } catch (IOException | RuntimeException e) {
      lease.release(null);
      standBy();
      throw e;
    }
  }

  private void renew() {
    long pauseMillis = lease.ttlMillis() / RENEWALS_PER_TTL;
    long retryMillis = Math.max(1, lease.ttlMillis() / LOOKS_PER_TTL);
    boolean failing = false;
    try {
      while (!closed) {
        TimeUnit.MILLISECONDS.sleep(failing ? retryMillis : pauseMillis);
        try {
          if (lease.epoch() > 0 && !lease.renew()) {
            wake();
          }
          failing = false;
          renewalProblem = null;
        } catch (IOException e) {
          if (!failing) {
            log.warn(
                "the lease could not be renewed, trying again; it runs for {} ms more: {}",
                lease.leftMillis(),
                e.getMessage());
          }
          failing = true;
          renewalProblem = "the lease can't be renewed: " + e.getMessage();
        }
      }
    } catch (InterruptedException e) {
      log.debug("interrupted", e);
    }
  }

  /** Changes the role no more; a lease that is held is renewed on. */
  public void stop() {
    stopped = true;
    wake();
    if (Thread.currentThread() != thread) {
      try {
        thread.join(TimeUnit.SECONDS.toMillis(30));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Gives the lease back. */
  @Override
  public void close() throws IOException {
    stop();
    closed = true;
    renewal.interrupt();
    try (lease) {
      lease.release(null);
    }
  }
}
