package dev.sluice.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
    name = "mount",
    description = {
      "Mount a data directory: every SQLite transaction below the mount point is captured, shipped to the store"
          + " and sent to followers. Applications need no change.",
      "Runs until it is stopped (SIGTERM, Ctrl-C) or unmounted; with a COMMAND, until that ends.",
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  sluice mount --data D --store file:///backups --listen 127.0.0.1:4480 MNT",
      "  sluice mount --data D2 --follow http://127.0.0.1:4480 --listen 127.0.0.1:4481 MNT2",
      "  sluice mount --data D --store file:///backups MNT -- python3 app.py MNT/app.db",
    })
final class MountCommand extends CliCommand {
  @Mixin private NodeOptions options = new NodeOptions();

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "MNT",
      description = "Where applications find the databases: an empty directory.")
  private @Nullable Path mountPoint;

  @Parameters(
      index = "1..*",
      paramLabel = "COMMAND",
      description =
          "After '--': an application to run under the mount; Sluice ends with it and with its status.")
  private List<String> command = List.of();

  @Override
  boolean isLongRunning() {
    return true;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    SluiceConfig config = options.resolve(mountPoint);
    Running running = new Running();
    try (Node node = Node.mounted(config)) {
      out().println("serving " + config.mount() + (node.url() == null ? "" : " and " + node.url()));
      out().flush();
      return command.isEmpty() ? waitUntilStopped(node, running) : running.run(command);
    }
  }

  /** Until a signal, or until somebody unmounts it. */
  private static int waitUntilStopped(Node node, Running running) throws InterruptedException {
    Thread watch =
        new Thread(
            () -> {
              node.join();
              running.end();
            },
            "unmount-watch");
    watch.setDaemon(true);
    watch.start();
    running.await();
    return ExitStatus.OK;
  }
}
