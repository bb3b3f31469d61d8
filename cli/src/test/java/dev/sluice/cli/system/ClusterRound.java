package dev.sluice.cli.system;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.NANOSECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.cli.Run;
import dev.sluice.cli.system.Network.Place;
import dev.sluice.cli.system.history.Checker;
import dev.sluice.cli.system.history.Disturbance;
import dev.sluice.cli.system.history.Durability;
import dev.sluice.cli.system.history.Handoff;
import dev.sluice.cli.system.history.History;
import dev.sluice.cli.system.history.Outcome;
import dev.sluice.cli.system.history.Read;
import dev.sluice.cli.system.history.Violation;
import dev.sluice.cli.system.history.Write;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;

/**
 * One schedule: a new cluster, clients on all nodes, faults one after another; then all is mended,
 * the cluster has to agree, and the history is judged.
 */
final class ClusterRound implements AutoCloseable {
  private static final Duration TTL = Duration.ofSeconds(2);
  private static final Duration HANDOFF = Duration.ofSeconds(1);
  private static final Duration WELL = Duration.ofSeconds(6);
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  /** Acknowledged writes before the first fault, and after the last is mended. */
  private static final int SOME = 20;

  /**
   * Where the nodes are.
   *
   * @param nodes a place for each
   * @param lease place of the server that keeps the lease; empty when it is a directory
   */
  record Ground(Network network, List<Place> nodes, Optional<Place> lease) {}

  private final Ground ground;
  private final Path directory;
  private final Durability durability;
  private final Random random;
  private final List<NetworkedNode> nodes;
  private final List<ClusterFault> faults;
  private final ClusterClients clients;

  private final List<Handoff> handoffs = Collections.synchronizedList(new ArrayList<>());

  /** Handoffs, some of which may still be under way. */
  private final List<CompletableFuture<Void>> changes = new ArrayList<>();

  private final List<Disturbance> disturbances = new ArrayList<>();
  private final List<Disturbance> stops = new ArrayList<>();

  /** Since when faults meet nodes, by number. */
  private final Map<Integer, Long> disturbed = new HashMap<>();

  private final Set<NetworkedNode> killed = new HashSet<>();
  private final List<String> events = Collections.synchronizedList(new ArrayList<>());

  /**
   * @param directory for all files of the round
   * @param lease URL of a lease that nobody had yet
   */
  ClusterRound(
      Sandbox sandbox,
      Ground ground,
      Path directory,
      String lease,
      Durability durability,
      long seed)
      throws Exception {
    this.ground = ground;
    this.directory = Files.createDirectories(directory);
    this.durability = durability;
    this.random = new Random(seed);
    List<String> flags =
        new ArrayList<>(List.of("--lease", lease, "--lease-ttl", TTL.toSeconds() + "s"));
    if (durability != Durability.ASYNC) {
      flags.addAll(List.of("--durability", durability.key()));
    }
    if (durability == Durability.STORE) {
      flags.addAll(List.of("--store", "file://" + directory.resolve("store")));
    }
    this.nodes =
        ground.nodes().stream()
            .map(place -> new NetworkedNode(sandbox, place, directory, flags))
            .toList();
    this.faults = ClusterFault.schedule(random, nodes.size(), TTL.toMillis());
    this.clients = new ClusterClients(sandbox, directory);
  }

  /** Runs it; gives a summary. */
  String run() throws Exception {
    try {
      begin();
      for (ClusterFault fault : faults) {
        MILLISECONDS.sleep(fault.pauseMillis());
        strike(fault);
        MILLISECONDS.sleep(fault.holdMillis());
        if (!fault.stays()) {
          mend();
        }
      }
      mend();
      await("all nodes agree who is the primary", this::isAgreed);
      long acknowledged = clients.acknowledged();
      await("more is acknowledged", () -> clients.acknowledged() >= acknowledged + SOME);
      clients.stop();
      await("all nodes have the same positions", () -> isAgreed() && positions().size() == 1);
      return judge();
    } catch (Exception | AssertionError e) {
      clients.save(directory);
      throw new AssertionError(e.getMessage() + "\n" + String.join("\n", events), e);
    }
  }

  private void begin() throws Exception {
    for (NetworkedNode node : nodes) {
      node.start();
    }
    await("a primary", () -> nodes.stream().anyMatch(node -> node.leads() > 0));
    clients.make(primary());
    await(
        "all nodes have the databases",
        () -> isAgreed() && positions().size() == 1 && !positions().contains(Map.of()));
    clients.start(nodes, random);
    await("some is acknowledged", () -> clients.acknowledged() >= SOME);
  }

  private NetworkedNode primary() {
    return nodes.stream().filter(node -> node.leads() > 0).findFirst().orElse(nodes.get(0));
  }

  private void strike(ClusterFault fault) throws Exception {
    NetworkedNode node =
        fault.node() == ClusterFault.PRIMARY ? primary() : nodes.get(fault.node() - 1);
    NetworkedNode other = nodes.get((node.number() - 1 + fault.other()) % nodes.size());
    note(fault + ": " + node + ", the other is " + other);
    for (NetworkedNode met : fault.kind().meetsOther() ? List.of(node, other) : List.of(node)) {
      disturbed.putIfAbsent(met.number(), System.nanoTime());
    }
    switch (fault.kind()) {
      case ISOLATED -> {
        for (NetworkedNode each : nodes) {
          if (each != node) {
            part(node.place(), each.place());
          }
        }
        withoutLease(node);
      }
      case PARTED -> part(node.place(), other.place());
      case MUTE -> ground.network().cut(node.place(), other.place());
      case WITHOUT_LEASE -> withoutLease(node);
      case WITHOUT_ANSWERS -> {
        if (ground.lease().isPresent()) {
          ground.network().cut(ground.lease().get(), node.place());
        }
      }
      case SLOW -> ground.network().slow(node.place());
      case PAUSED -> {
        long before = System.nanoTime();
        node.pause();
        stops.add(new Disturbance(node.number(), before, System.nanoTime()));
      }
      case KILLED -> {
        killed.add(node);
        node.kill();
      }
      case HANDOFF -> handOff(node, other, true);
      case PROMOTED -> handOff(primary(), node, false);
    }
  }

  private void part(Place a, Place b) throws Exception {
    ground.network().cut(a, b);
    ground.network().cut(b, a);
  }

  private void withoutLease(NetworkedNode node) throws Exception {
    if (ground.lease().isPresent()) {
      part(node.place(), ground.lease().get());
    }
  }

  private void handOff(NetworkedNode from, NetworkedNode to, boolean asksPrimary) {
    long epoch = from.leads();
    changes.add(
        (asksPrimary ? from.handOff(to, HANDOFF) : to.promote(HANDOFF))
            .thenAccept(
                done -> {
                  note(
                      "%s %s over to %s in epoch %d"
                          .formatted(from, done ? "has handed" : "did not hand", to, epoch));
                  if (done && epoch > 0) {
                    handoffs.add(new Handoff(epoch, to.number()));
                  }
                }));
  }

  private void mend() throws Exception {
    note("mended");
    ground.network().mend();
    for (NetworkedNode node : nodes) {
      if (killed.remove(node)) {
        node.restart();
      } else if (!node.runs()) {
        throw new AssertionError(node + " has ended by itself");
      }
      node.resume();
    }
    // What was lost on the way comes again after some time, and nodes look at the lease now and
    // then.
    long well = System.nanoTime() + WELL.toNanos();
    disturbed.forEach((node, since) -> disturbances.add(new Disturbance(node, since, well)));
    disturbed.clear();
  }

  /** One leads, and all others follow it in its epoch. */
  private boolean isAgreed() {
    Set<Long> epochs = new TreeSet<>();
    int primaries = 0;
    for (NetworkedNode node : nodes) {
      JsonNode status = node.status().orElse(null);
      if (status == null) {
        return false;
      }
      String role = status.path("role").asText();
      boolean follows = role.equals("follower") && status.path("connected").asBoolean();
      primaries += role.equals("primary") ? 1 : 0;
      if (!status.path("ready").asBoolean() || !(follows || role.equals("primary"))) {
        return false;
      }
      epochs.add(status.path("epoch").asLong());
    }
    return primaries == 1 && epochs.size() == 1;
  }

  /** The different states that nodes are in; one when all are the same. */
  private Set<Map<String, String>> positions() {
    Set<Map<String, String>> states = new HashSet<>();
    for (NetworkedNode node : nodes) {
      Map<String, String> positions = new HashMap<>();
      node.status()
          .ifPresent(
              status ->
                  status
                      .path("databases")
                      .forEach(
                          database ->
                              positions.put(
                                  database.path("name").asText(),
                                  database.path("applied").asText())));
      states.add(positions);
    }
    return states;
  }

  private void await(String what, Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.call()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError(
            "waited in vain until "
                + what
                + ":\n"
                + nodes.stream()
                    .map(node -> node + " " + node.status().map(JsonNode::toString).orElse("-"))
                    .collect(Collectors.joining("\n")));
      }
      MILLISECONDS.sleep(100);
    }
    note(what);
  }

  private String judge() throws Exception {
    CompletableFuture.allOf(changes.toArray(CompletableFuture[]::new))
        .get(PATIENCE.toSeconds(), SECONDS);
    Map<String, List<String>> last = new HashMap<>();
    Map<String, JsonNode> first = Map.of();
    for (NetworkedNode node : nodes) {
      Map<String, JsonNode> content = clients.content(node);
      content.forEach(
          (name, database) -> {
            if (!database.path("check").asText().equals("ok")) {
              throw new AssertionError(name + " on " + node + ": " + database.path("check"));
            }
            List<String> tokens = new ArrayList<>();
            database.path("tokens").forEach(token -> tokens.add(token.asText()));
            last.put(name, tokens);
          });
      if (!first.isEmpty() && !first.equals(content)) {
        throw new AssertionError(
            node + " has other bytes than " + nodes.get(0) + ": " + content + ", " + first);
      }
      first = content;
    }
    Set<String> aside = new HashSet<>();
    for (NetworkedNode node : nodes) {
      aside.addAll(AsideTokens.in(node.aside()));
    }
    History history =
        new History(
            nodes.size(),
            clients.writes(),
            clients.reads(),
            List.copyOf(handoffs),
            disturbances,
            stops,
            last,
            aside);
    List<Violation> violations = new Checker(durability).violations(history);
    if (!violations.isEmpty()) {
      throw new AssertionError(
          violations.stream().map(Violation::toString).collect(Collectors.joining("\n")));
    }
    clients.forget();
    return summary(history);
  }

  private String summary(History history) {
    List<Write> writes = history.writes();
    List<Read> reads = history.reads();
    return "%s; writes: %s, %s, %s, %d lost in failovers; reads: %d, %d of them after a wait; epochs: %s"
        .formatted(
            faults,
            ClusterClients.count(writes, Outcome.OK),
            ClusterClients.count(writes, Outcome.FAILED),
            ClusterClients.count(writes, Outcome.UNKNOWN),
            history.lost().size(),
            reads.size(),
            reads.stream().filter(read -> read.waited() != null).count(),
            history.leaders());
  }

  private void note(String what) {
    events.add(NANOSECONDS.toMillis(System.nanoTime()) + " ms: " + what);
  }

  /** Ends all processes, and removes what they left when there is nothing to look at. */
  @Override
  public void close() throws IOException {
    try {
      ground.network().mend();
      for (NetworkedNode node : nodes) {
        node.kill();
        node.unmount();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException();
    }
  }

  /** Removes its files, after {@link #close}. */
  void remove() throws Exception {
    Run.process("rm", "-rf", "--one-file-system", directory).ok();
  }
}
