package dev.sluice.cli;

import dev.sluice.access.Access;
import dev.sluice.node.DatabaseStatus;
import dev.sluice.node.HealthProblem;
import dev.sluice.node.NodeClient;
import dev.sluice.node.NodeStatus;
import dev.sluice.node.StoreUsage;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "status",
    description =
        "Show the databases of running nodes: positions, lag, backups, and what is wrong with them.",
    footerHeading = "%nExample:%n",
    footer = {
      "  sluice status --url http://127.0.0.1:4480 --url http://127.0.0.1:4481",
      "  sluice status data/shop/app.db",
    })
final class StatusCommand extends CliCommand {
  @Mixin private AccessOptions access = new AccessOptions();

  /** What a node said. */
  record Answer(String url, NodeStatus status) {}

  @Option(
      names = "--url",
      paramLabel = "URL",
      converter = NodeUrl.Converter.class,
      description = "A node; may be repeated (default: " + NodeUrl.DEFAULT + ").")
  private List<NodeUrl> urls = List.of();

  @Parameters(
      arity = "0..*",
      paramLabel = "DB",
      description =
          "A database file: asks the node that runs on this machine and has it, also if it listens to nobody.")
  private List<String> databases = List.of();

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    Map<String, NodeClient> nodes = new LinkedHashMap<>();
    Access shown = access.access();
    urls.forEach(url -> nodes.put(url.toString(), url.client(shown)));
    for (String database : databases) {
      NodeClient node = NodeAddress.find(database, null, shown).node();
      nodes.put(node.url(), node);
    }
    if (nodes.isEmpty()) {
      nodes.put(NodeUrl.DEFAULT, NodeUrl.parse(NodeUrl.DEFAULT).client(shown));
    }
    List<Answer> answers = new ArrayList<>();
    int status = ExitStatus.OK;
    for (Map.Entry<String, NodeClient> node : nodes.entrySet()) {
      try {
        answers.add(new Answer(node.getKey(), node.getValue().status()));
      } catch (IOException e) {
        status = Errors.show(e, spec().commandLine());
      }
    }
    if (json) {
      Show.json(out(), answers);
    } else if (!answers.isEmpty()) {
      print(answers);
    }
    return status;
  }

  private void print(List<Answer> answers) {
    long nowMillis = System.currentTimeMillis();
    boolean verified = answers.stream().anyMatch(StatusCommand::isVerified);
    List<String> headings =
        new ArrayList<>(
            List.of("NODE", "ROLE", "DATABASE", "POSITION", "LAG", "STORE", "LAST COMMIT"));
    if (verified) {
      headings.add("VERIFIED");
    }
    Table table = new Table(headings.toArray(String[]::new));
    List<String> notes = new ArrayList<>();
    for (Answer answer : answers) {
      NodeStatus node = answer.status();
      if (node.databases().isEmpty()) {
        table.row(cells(verified, answer.url(), node.role(), "(none yet)", "", "", "", "", ""));
      }
      for (DatabaseStatus database : node.databases()) {
        table.row(
            cells(
                verified,
                answer.url(),
                node.role(),
                database.name(),
                database.applied(),
                lag(node, database),
                store(database, nowMillis),
                database.lastCommitMillis() == 0
                    ? "never"
                    : ago(nowMillis, database.lastCommitMillis()),
                verified(database, nowMillis)));
      }
      notes(node).forEach(note -> notes.add(answer.url() + note));
    }
    table.printTo(out());
    answers.forEach(
        answer -> answer.status().storeUsage().forEach(usage -> printUsage(answer.url(), usage)));
    notes.forEach(out()::println);
  }

  /** What is to be said of a node beside the table. */
  private static List<String> notes(NodeStatus node) {
    List<String> notes = new ArrayList<>();
    if (node.notReady() != null) {
      notes.add(" is not ready: " + node.notReady());
    }
    List<HealthProblem> health = node.health();
    if (health != null) {
      health.forEach(problem -> notes.add(note(problem)));
    }
    for (DatabaseStatus database : node.databases()) {
      notes(database).forEach(note -> notes.add(" " + database.name() + note));
    }
    return notes.isEmpty() && health != null ? List.of(" is healthy") : notes;
  }

  private static String note(HealthProblem problem) {
    return ": " + problem.severity().label() + ": " + problem.kind() + ": " + problem.message();
  }

  private static boolean isVerified(Answer answer) {
    return answer.status().databases().stream()
        .flatMap(database -> database.stores().stream())
        .anyMatch(store -> store.verification() != null);
  }

  /** All of them, or without the last, which is that of verifying. */
  private static Object[] cells(boolean verified, Object... cells) {
    return verified ? cells : Arrays.copyOf(cells, cells.length - 1);
  }

  private static Set<String> notes(DatabaseStatus database) {
    Set<String> notes = new LinkedHashSet<>();
    database.health().forEach(problem -> notes.add(note(problem)));
    // What is wrong is in its health, but for an older node, or in the second before it has looked.
    boolean unseen = database.health().isEmpty();
    if (unseen && database.error() != null) {
      notes.add(": " + database.error());
    }
    if (database.gaps() != 0) {
      notes.add(
          ": "
              + Show.count(database.gaps())
              + " times since the start changes could not be followed one by one; states in"
              + " between can't be restored");
    }
    for (DatabaseStatus.StoreStatus store : database.stores()) {
      DatabaseStatus.VerificationStatus verification = store.verification();
      if (unseen && verification != null && verification.error() != null) {
        notes.add(": " + verification.error());
      }
      if (verification != null && verification.postponed() != null) {
        notes.add(
            ": the backup at "
                + store.url()
                + " could not be verified, which is tried again: "
                + verification.postponed());
      }
    }
    return notes;
  }

  private void printUsage(String node, StoreUsage usage) {
    StoreUsage.Requests day = usage.perDay();
    String price =
        usage.microDollarsPerDay() == 0
            ? ""
            : "; $%.2f a month".formatted(usage.microDollarsPerDay() * 30 / 1e6);
    out()
        .printf(
            "%s asks %s, per day at present: %s puts, %s gets, %s heads, %s lists, %s deletes, %s out, %s in; %s kept%s%n",
            node,
            usage.store(),
            Show.count(day.puts()),
            Show.count(day.gets()),
            Show.count(day.heads()),
            Show.count(day.lists()),
            Show.count(day.deletes()),
            Show.bytes(day.bytesOut()),
            Show.bytes(day.bytesIn()),
            Show.bytes(usage.keptBytes()),
            price);
  }

  /** How far the readers of a node are behind its primary. */
  private static String lag(NodeStatus node, DatabaseStatus database) {
    DatabaseStatus.FollowStatus follow = database.follow();
    if (follow == null) {
      return "-";
    }
    String lag =
        follow.lagTransactions() == 0
            ? "none"
            : Show.count(follow.lagTransactions())
                + " tx, "
                + Show.span(Duration.ofMillis(follow.lagMillis()));
    return node.connected() ? lag : lag + " (disconnected)";
  }

  private static String store(DatabaseStatus database, long nowMillis) {
    return database.stores().isEmpty()
        ? "-"
        : database.stores().stream()
            .map(store -> store(store, nowMillis))
            .collect(Collectors.joining(", "));
  }

  private static String store(DatabaseStatus.StoreStatus store, long nowMillis) {
    if (store.oldestUnshippedMillis() != 0) {
      return span(nowMillis, store.oldestUnshippedMillis()) + " behind";
    }
    return store.shipped() == null ? "empty" : "up to date";
  }

  private static String verified(DatabaseStatus database, long nowMillis) {
    List<String> found = new ArrayList<>();
    for (DatabaseStatus.StoreStatus store : database.stores()) {
      DatabaseStatus.VerificationStatus verification = store.verification();
      if (verification == null) {
        found.add("-");
      } else if (verification.millis() == 0) {
        found.add("not yet");
      } else {
        found.add(verification.result() + " " + ago(nowMillis, verification.millis()));
      }
    }
    return found.isEmpty() ? "-" : String.join(", ", found);
  }

  private static String ago(long nowMillis, long thenMillis) {
    return span(nowMillis, thenMillis) + " ago";
  }

  /** The clock of another machine may be ahead. */
  private static String span(long nowMillis, long thenMillis) {
    return Show.span(Duration.ofMillis(Math.max(0, nowMillis - thenMillis)));
  }
}
