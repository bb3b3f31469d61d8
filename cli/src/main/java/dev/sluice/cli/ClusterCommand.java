package dev.sluice.cli;

import dev.sluice.access.Access;
import dev.sluice.ltx.Position;
import dev.sluice.node.ClusterStatus;
import dev.sluice.node.ClusterStatus.ClusterMember;
import dev.sluice.node.DatabaseStatus;
import dev.sluice.node.DurabilityStatus;
import dev.sluice.node.NodeClient;
import dev.sluice.node.NodeStatus;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "cluster",
    description =
        "Show the nodes of a cluster: which is the primary, the epoch of its term, and how far each is.",
    footerHeading = "%nExample:%n",
    footer = "  sluice cluster --url http://10.0.0.1:4480")
final class ClusterCommand extends CliCommand {
  @Mixin private NodeTarget target = new NodeTarget();

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  /**
   * A node, as it says itself.
   *
   * @param status null when it does not answer
   * @param transactions of all databases together, by their TXIDs
   */
  record Answer(
      ClusterMember node, @Nullable NodeStatus status, long transactions, @Nullable String error) {}

  /** What {@code --json} prints. */
  record Whole(ClusterStatus cluster, List<Answer> nodes) {}

  @Override
  public Integer call() throws IOException {
    NodeClient asked = target.client();
    Access access = target.access();
    ClusterStatus cluster = asked.cluster();
    List<Answer> answers = new ArrayList<>();
    for (ClusterMember node : cluster.nodes()) {
      boolean self = node.equals(cluster.nodes().get(0));
      answers.add(answer(node, self ? asked : client(node, access)));
    }
    if (json) {
      Show.json(out(), new Whole(cluster, answers));
    } else {
      print(cluster, answers);
    }
    return ExitStatus.OK;
  }

  private static @Nullable NodeClient client(ClusterMember node, Access access) {
    return node.url() == null ? null : new NodeClient(URI.create(node.url()), access);
  }

  private static Answer answer(ClusterMember node, @Nullable NodeClient client) {
    if (client == null) {
      return new Answer(node, null, 0, "listens to nobody");
    }
    try {
      NodeStatus status = client.status();
      long transactions = 0;
      for (DatabaseStatus database : status.databases()) {
        transactions += Position.parse(database.applied()).txid();
      }
      return new Answer(node, status, transactions, null);
    } catch (IOException e) {
      return new Answer(node, null, 0, "no answer");
    }
  }

  private void print(ClusterStatus cluster, List<Answer> answers) {
    out().printf("lease %s, epoch %d%n", cluster.lease(), cluster.epoch());
    if (cluster.problem() != null) {
      out().println(cluster.problem());
    }
    DurabilityStatus durability = cluster.durability();
    if (durability != null) {
      print(durability);
    }
    out().println();
    Map<String, Long> ahead = primary(answers);
    Table table = new Table("NODE", "URL", "ROLE", ">EPOCH", ">BEHIND", "STATE");
    for (Answer answer : answers) {
      NodeStatus status = answer.status();
      table.row(
          answer.node().nodeId(),
          answer.node().url() == null ? "-" : answer.node().url(),
          status == null ? "-" : status.role(),
          status == null ? "-" : Long.toString(status.epoch()),
          status == null || ahead.isEmpty() ? "-" : Long.toString(behind(status, ahead)),
          answer.error() != null
              ? answer.error()
              : status != null && status.notReady() != null ? status.notReady() : "ok");
    }
    table.printTo(out());
  }

  private void print(DurabilityStatus durability) {
    List<String> inSync = durability.inSync();
    out()
        .printf(
            "durability %s%s%n",
            durability.mode(),
            inSync == null
                ? ""
                : ", in sync: " + (inSync.isEmpty() ? "no other node" : String.join(", ", inSync)));
    if (durability.degraded() != null) {
      out().println(durability.degraded());
    }
  }

  /** The last transaction of each database on the primary; empty when there is none. */
  private static Map<String, Long> primary(List<Answer> answers) {
    Map<String, Long> ahead = new HashMap<>();
    for (Answer answer : answers) {
      NodeStatus status = answer.status();
      if (status != null && status.role().equals("primary")) {
        status.databases().forEach(d -> ahead.put(d.name(), Position.parse(d.applied()).txid()));
      }
    }
    return ahead;
  }

  private static long behind(NodeStatus status, Map<String, Long> ahead) {
    Map<String, Long> missing = new HashMap<>(ahead);
    for (DatabaseStatus database : status.databases()) {
      missing.computeIfPresent(
          database.name(),
          (name, txid) -> Math.max(0, txid - Position.parse(database.applied()).txid()));
    }
    return missing.values().stream().mapToLong(Long::longValue).sum();
  }
}
