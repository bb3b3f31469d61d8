package dev.sluice.cli.system;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sluice.cli.system.history.Outcome;
import dev.sluice.cli.system.history.Read;
import dev.sluice.cli.system.history.Write;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A writer and a reader on each node, {@code cluster_client.py} in processes of their own, and what
 * they say. One thread at a time.
 */
final class ClusterClients {
  /** What hangs by then hangs for good: all nodes serve. */
  private static final int STOP_SECONDS = 30;

  private static final ObjectMapper JSON = new ObjectMapper();

  /** A list is told as what differs from the one before of the same client. */
  private record ReadLine(
      int node,
      String database,
      long startNanos,
      long endNanos,
      @Nullable String waited,
      int keep,
      List<String> added,
      @Nullable String register,
      @Nullable String torn) {}

  private final Sandbox sandbox;
  private final Path script;
  private final Path shared;
  private final List<Subprocess> writers = new ArrayList<>();
  private final List<Subprocess> readers = new ArrayList<>();

  ClusterClients(Sandbox sandbox, Path directory) throws IOException {
    this.sandbox = sandbox;
    this.script = sandbox.resource("cluster_client.py");
    this.shared = Files.createDirectories(directory.resolve("shared"));
  }

  /** Makes the databases. */
  void make(NetworkedNode node) throws Exception {
    Subprocess made = client(node, "make", node.mount());
    if (made.status() != 0) {
      throw new AssertionError("the databases could not be made: " + made);
    }
    sandbox.forget(made);
  }

  void start(List<NetworkedNode> nodes, Random random) throws IOException {
    for (NetworkedNode node : nodes) {
      writers.add(start("write", node, random));
      readers.add(start("read", node, random));
    }
  }

  private Subprocess start(String what, NetworkedNode node, Random random) throws IOException {
    return client(
        node, what, node.mount(), node.number(), node.url(), shared, random.nextInt(1 << 30));
  }

  private Subprocess client(NetworkedNode node, String what, Object... args) throws IOException {
    List<String> command = new ArrayList<>(List.of("python3", "-u", script.toString(), what));
    Stream.of(args).map(String::valueOf).forEach(command::add);
    return node.in(what, command);
  }

  /** How many writes were acknowledged until now. */
  long acknowledged() {
    return writers.stream()
        .flatMap(writer -> writer.lines().stream())
        .filter(line -> line.contains("\"outcome\": \"OK\""))
        .count();
  }

  void stop() throws Exception {
    for (Subprocess each : all()) {
      each.send("stop");
    }
    for (Subprocess each : all()) {
      if (!each.process().waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
        throw new AssertionError("a client hangs on a mount that is served: " + each);
      }
      if (each.status() != 0) {
        throw new AssertionError("a client failed: " + each);
      }
    }
  }

  List<Write> writes() throws IOException {
    List<Write> writes = new ArrayList<>();
    for (JsonNode line : lines(writers, "write")) {
      writes.add(JSON.treeToValue(line, Write.class));
    }
    return writes;
  }

  List<Read> reads() throws IOException {
    List<Read> reads = new ArrayList<>();
    for (Subprocess reader : readers) {
      Map<String, List<String>> lists = new HashMap<>();
      for (JsonNode line : lines(List.of(reader), "read")) {
        ReadLine read = JSON.treeToValue(line, ReadLine.class);
        List<String> before = lists.getOrDefault(read.database(), List.of());
        List<String> tokens = new ArrayList<>(before.subList(0, read.keep()));
        tokens.addAll(read.added());
        lists.put(read.database(), tokens);
        reads.add(
            new Read(
                read.node(),
                read.database(),
                read.startNanos(),
                read.endNanos(),
                read.waited(),
                tokens,
                read.register(),
                read.torn()));
      }
    }
    return reads;
  }

  private static List<JsonNode> lines(List<Subprocess> clients, String kind) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    for (Subprocess client : clients) {
      for (String line : client.lines()) {
        JsonNode found = JSON.readTree(line).path(kind);
        if (found.isObject()) {
          lines.add(found);
        }
      }
    }
    return lines;
  }

  /** What a reader on a node sees, whole: of each database digest, check and list. */
  Map<String, JsonNode> content(NetworkedNode node) throws Exception {
    Subprocess client = client(node, "bytes", node.mount());
    if (!client.process().waitFor(STOP_SECONDS, TimeUnit.SECONDS) || client.status() != 0) {
      throw new AssertionError("the databases of " + node + " can't be read: " + client);
    }
    Map<String, JsonNode> content = new HashMap<>();
    for (String line : client.lines()) {
      JsonNode database = JSON.readTree(line);
      content.put(database.path("database").asText(), database);
    }
    sandbox.forget(client);
    return content;
  }

  /** What they said, as files of the round. */
  void save(Path directory) throws IOException {
    for (Subprocess each : all()) {
      Files.write(directory.resolve(each.name() + ".jsonl"), each.lines());
    }
  }

  private List<Subprocess> all() {
    return Stream.concat(writers.stream(), readers.stream()).toList();
  }

  /** What they said is of no interest any more. */
  void forget() {
    all().forEach(sandbox::forget);
  }

  static String count(List<Write> writes, Outcome outcome) {
    return writes.stream().filter(write -> write.outcome() == outcome).count()
        + " "
        + outcome.name().toLowerCase(Locale.ROOT);
  }
}
