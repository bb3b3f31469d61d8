package dev.sluice.cli;

import dev.sluice.monitor.ListenAddress;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "follow",
    description = {
      "Keep a plain file current with a database of a node; no FUSE needed. The copy can be read by any SQLite"
          + " program meanwhile; whoever tries to write to it gets SQLITE_BUSY.",
      "Runs until it is stopped. What it needs to go on later is in .COPY-sluice beside the copy.",
    },
    footerHeading = "%nExample:%n",
    footer = "  sluice follow http://127.0.0.1:4480 shop/app.db copy.db")
final class FollowCommand extends CliCommand {
  @Parameters(
      index = "0",
      paramLabel = "URL",
      converter = NodeUrl.Converter.class,
      description = "The node to follow.")
  private @Nullable NodeUrl url;

  @Parameters(
      index = "1",
      paramLabel = "DB",
      description = "The database, by its path below the data directory.")
  private String database = "";

  @Parameters(index = "2", paramLabel = "COPY", description = "The file to keep current.")
  private Path copy = Path.of("");

  @Option(
      names = "--listen",
      paramLabel = "HOST:PORT",
      converter = NodeOptions.ListenConverter.class,
      description = "Answer status, waits and metrics here.")
  private @Nullable ListenAddress listen;

  @Mixin private AccessOptions access = new AccessOptions();

  @Option(names = "--insecure", description = NodeOptions.INSECURE)
  private @Nullable Boolean insecure;

  @Override
  boolean isLongRunning() {
    return true;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    NodeUrl primary = url;
    if (primary == null) {
      throw usage("no URL given");
    }
    SecuritySettings security = access.settings(insecure);
    security.check(listen);
    Running running = new Running();
    try (Node node = Node.following(primary, database, copy, listen, security)) {
      out().println("following " + primary + (node.url() == null ? "" : ", serving " + node.url()));
      out().flush();
      node.onUnknownDatabase(running::end);
      running.await();
      if (!node.lacksDatabase()) {
        return ExitStatus.OK;
      }
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
}
