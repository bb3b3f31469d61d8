package dev.sluice.cli.system;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.sluice.cli.Run;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A network of its own for each of some processes, on one machine, in which what one sends to
 * another can be lost.
 *
 * <pre>
 *   namespace 1 ── veth ──┐
 *   namespace 2 ── veth ──┼── bridge, an address of this machine: from here all are reached
 *   namespace 3 ── veth ──┘
 * </pre>
 *
 * <p>A cut from one to another gives the sender a wrong hardware address of the receiver, for good:
 * packets are lost without an error, in that direction alone, and no firewall is needed. A slow one
 * has {@code tc netem} where the kernel has it, else a narrow line whose queue fills.
 *
 * <p>A shell outlives this process, however it ends, and then removes all of it, with the processes
 * and the mounts. One thread at a time.
 */
final class Network implements AutoCloseable {
  /** Where a process may run. */
  record Place(String namespace, int number, String address) {
    /** Words before a command that runs there. Its mounts are seen by all. */
    List<String> prefix() {
      // Not "ip netns exec", whose processes have mounts of their own.
      return List.of("nsenter", "--net=/var/run/netns/" + namespace);
    }

    private String mac() {
      return "02:51:00:00:00:%02x".formatted(number);
    }
  }

  private static final String NOBODY = "02:51:00:00:ff:ff";
  private static final int HERE = 254;
  private static final int SUBNETS = 250;

  /** Waits for its input to end; arguments are the bridge and the directory with the mounts. */
  private static final String GUARD =
      """
      trap '' INT TERM HUP
      read -r line
      for name in $(ip netns list | awk -v bridge="$1-" 'index($1, bridge) == 1 { print $1 }'); do
        pids=$(ip netns pids "$name")
        [ -z "$pids" ] || kill -9 $pids
        ip link delete "$name"
        ip netns delete "$name"
      done
      ip link delete "$1"
      awk -v below="$2/" '$3 ~ /^fuse/ && index($2, below) == 1 { print $2 }' /proc/mounts | while read -r mount; do
        fusermount -uz "$mount"
      done
      """;

  private static final List<String> NETEM =
      List.of("netem", "delay", "40ms", "30ms", "loss", "10%");
  private static final List<String> NARROW =
      List.of("tbf", "rate", "128kbit", "burst", "4kb", "latency", "1500ms");

  private final String bridge;
  private final String subnet;
  private final Process guard;
  private final List<Place> places = new ArrayList<>();
  private final List<String> slowness;

  private Network(String bridge, String subnet, Process guard, List<String> slowness) {
    this.bridge = bridge;
    this.subnet = subnet;
    this.guard = guard;
    this.slowness = slowness;
  }

  /** Skips the test where there can't be one. */
  static void assumeAvailable() throws IOException, InterruptedException {
    for (String program : List.of("ip", "nsenter", "tc")) {
      assumeTrue(Run.find(program).isPresent(), "skipped: there is no " + program);
    }
    Run root = Run.process("id", "-u");
    assumeTrue(root.out().strip().equals("0"), "skipped: network namespaces need root");
    String probe = "slu" + ProcessHandle.current().pid() + "-probe";
    Run made = Run.process("ip", "netns", "add", probe);
    assumeTrue(made.status() == 0, "skipped: no network namespaces: " + made.err());
    ip("netns", "delete", probe);
  }

  /** Makes one with nobody in it, whose processes keep their mounts below a directory. */
  static Network open(Path directory) throws IOException, InterruptedException {
    String bridge = "slu" + ProcessHandle.current().pid();
    Process guard =
        new ProcessBuilder("sh", "-c", GUARD, "guard", bridge, directory.toString())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    ip("link", "add", bridge, "type", "bridge");
    ip("link", "set", bridge, "up");
    String subnet = freeSubnet();
    ip("address", "add", subnet + HERE + "/24", "dev", bridge);
    boolean hasNetem =
        Run.process(slow(bridge, NETEM).toArray()).status() == 0
            && Run.process("tc", "qdisc", "del", "dev", bridge, "root").status() == 0;
    return new Network(bridge, subnet, guard, hasNetem ? NETEM : NARROW);
  }

  private static List<String> slow(String device, List<String> how) {
    List<String> command =
        new ArrayList<>(List.of("tc", "qdisc", "replace", "dev", device, "root"));
    command.addAll(how);
    return command;
  }

  private static String freeSubnet() throws IOException, InterruptedException {
    String taken = Run.process("ip", "-4", "route", "show", "table", "all").out();
    int first = (int) (ProcessHandle.current().pid() % SUBNETS);
    for (int i = 0; i < SUBNETS; i++) {
      String subnet = "10.213." + (first + i) % SUBNETS + ".";
      if (!taken.contains(subnet)) {
        return subnet;
      }
    }
    throw new IOException("no subnet of 10.213.0.0/16 is free");
  }

  private static void ip(String... words) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("ip"));
    command.addAll(List.of(words));
    Run run = Run.process(command.toArray());
    if (run.status() != 0) {
      throw new IOException(String.join(" ", command) + ": " + run.err());
    }
  }

  /** What {@link #slow} does. */
  String slowness() {
    return String.join(" ", slowness);
  }

  /** Makes a place that reaches all others. */
  Place add() throws IOException, InterruptedException {
    int number = places.size() + 1;
    String name = bridge + "-" + number;
    Place place = new Place(name, number, subnet + number);
    ip("netns", "add", name);
    ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name);
    ip("link", "set", name, "master", bridge, "up");
    ip("-n", name, "link", "set", "lo", "up");
    ip("-n", name, "link", "set", "eth0", "address", place.mac(), "up");
    ip("-n", name, "address", "add", place.address() + "/24", "dev", "eth0");
    for (Place other : places) {
      neighbour(place, other, other.mac());
      neighbour(other, place, place.mac());
    }
    places.add(place);
    return place;
  }

  private static void neighbour(Place from, Place to, String mac)
      throws IOException, InterruptedException {
    ip(
        "-n",
        from.namespace(),
        "neighbour",
        "replace",
        to.address(),
        "lladdr",
        mac,
        "dev",
        "eth0",
        "nud",
        "permanent");
  }

  /** What one sends does not reach the other; what that sends still comes. */
  void cut(Place from, Place to) throws IOException, InterruptedException {
    neighbour(from, to, NOBODY);
  }

  /** Makes what one sends slow and, now and then, lost. */
  void slow(Place place) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(place.prefix());
    command.addAll(slow("eth0", slowness));
    Run.process(command.toArray()).ok();
  }

  /** All reach all. */
  void mend() throws IOException, InterruptedException {
    for (Place place : places) {
      for (Place other : places) {
        if (!place.equals(other)) {
          neighbour(place, other, other.mac());
        }
      }
      // Fails where nothing was slow.
      List<String> command = new ArrayList<>(place.prefix());
      command.addAll(List.of("tc", "qdisc", "del", "dev", "eth0", "root"));
      Run.process(command.toArray());
    }
  }

  /** Removes it, with all processes that run in it. */
  @Override
  public void close() throws IOException {
    guard.getOutputStream().close();
    try {
      if (!guard.waitFor(60, TimeUnit.SECONDS)) {
        throw new IOException("the network " + bridge + " is not removed; 'ip netns list' has it");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException();
    }
    if (Files.exists(Path.of("/var/run/netns", bridge + "-1"))) {
      throw new IOException("the network " + bridge + " is still there");
    }
  }
}
