package dev.sluice.cli;

import dev.sluice.follow.Pace;
import dev.sluice.log.DatabaseName;
import dev.sluice.monitor.ListenAddress;
import dev.sluice.store.StoreUrl;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "follow",
    description = {
      "Keep a plain file current with a database of a node, or with its backup in a store; no FUSE needed. The copy"
          + " can be read by any SQLite program meanwhile; whoever tries to write to it gets SQLITE_BUSY.",
      "Runs until it is stopped. What it needs to go on later is in .COPY-sluice beside the copy.",
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  sluice follow http://127.0.0.1:4480 shop/app.db copy.db",
      "  sluice follow s3://bucket/shop/app.db copy.db",
      "  sluice follow file:///backups shop/app.db copy.db --interval 5s",
    })
final class FollowCommand extends CliCommand {
  @Parameters(
      index = "0",
      paramLabel = "URL",
      description =
          "The node to follow, http://host:port; or a store: file:///directory, s3://bucket/prefix"
              + " and others.")
  private String url = "";

  @Parameters(
      index = "1..*",
      arity = "1..*",
      paramLabel = "[DB] COPY",
      description = {
        "DB: the database, by its path below the data directory; of a store, what the backup lies below URL as, and"
            + " without it URL is that of the backup itself. COPY: the file to keep current.",
      })
  private List<String> words = List.of();

  @Option(
      names = "--interval",
      paramLabel = "DURATION",
      converter = Durations.Converter.class,
      description =
          "How often a store is asked for what is new (default: 1s); while nothing comes less and"
              + " less, down to every 10s.")
  private @Nullable Duration interval;

  @Option(
      names = "--listen",
      paramLabel = "HOST:PORT",
      converter = ListenConverter.class,
      description = "Answer status, waits, followers and metrics here.")
  private @Nullable ListenAddress listen;

  @Mixin private AccessOptions access = new AccessOptions();

  @Option(names = "--insecure", description = SecuritySettings.INSECURE_HELP)
  private @Nullable Boolean insecure;

  @Override
  boolean isLongRunning() {
    return true;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (words.size() > 2) {
      throw usage("too many arguments: " + String.join(" ", words));
    }
    Path copy = Path.of(words.get(words.size() - 1));
    String database = words.size() == 2 ? words.get(0) : "";
    SecuritySettings security =
        new SecuritySettings(access.settings().with(SecuritySettings.INSECURE, insecure));
    security.check(listen);
    return isStore() ? followStore(database, copy, security) : followNode(database, copy, security);
  }

  /** What is no URL is the address of a node. */
  private boolean isStore() {
    return url.startsWith("/")
        || (url.contains("://") && !url.startsWith("http://") && !url.startsWith("https://"));
  }

  private int followNode(String database, Path copy, SecuritySettings security)
      throws IOException, InterruptedException {
    if (database.isEmpty()) {
      throw usage("no database given: 'sluice follow " + url + " DB " + copy + "'");
    }
    if (interval != null) {
      throw usage("--interval is for stores: a node sends what is new by itself");
    }
    NodeUrl primary;
    try {
      primary = NodeUrl.parse(url);
    } catch (IllegalArgumentException e) {
      throw usage(String.valueOf(e.getMessage()));
    }
    Running running = new Running();
    if (follow(Node.following(primary, database, copy, listen, security), primary, running)) {
      return ExitStatus.OK;
    }
    err()
        .println(
            "sluice: "
                + primary
                + " has no database "
                + database
                + "; 'sluice status' names those it has");
    return ExitStatus.UNKNOWN_DATABASE;
  }

  private int followStore(String database, Path copy, SecuritySettings security)
      throws IOException, InterruptedException {
    FollowedStore store;
    try {
      if (!database.isEmpty()) {
        DatabaseName.checked(database);
      }
      Pace pace = new Pace(interval == null ? Pace.DEFAULT : interval);
      store = FollowedStore.open(StoreUrl.parse(url), database, pace);
    } catch (IllegalArgumentException e) {
      throw usage(String.valueOf(e.getMessage()));
    }
    Running running = new Running();
    if (follow(Node.following(store, copy, listen, security), store, running)) {
      return ExitStatus.OK;
    }
    err()
        .println(
            "sluice: no backup at "
                + store
                + "; 'sluice backups' shows what is there, if anything");
    return ExitStatus.NOT_RESTORABLE;
  }

  /** Until it is stopped; false when there is nothing to follow. */
  private boolean follow(Node node, Object whom, Running running)
      throws IOException, InterruptedException {
    try (node) {
      out().println("following " + whom + (node.url() == null ? "" : ", serving " + node.url()));
      out().flush();
      node.onUnknownDatabase(running::end);
      running.await();
      return !node.lacksDatabase();
    }
  }
}
