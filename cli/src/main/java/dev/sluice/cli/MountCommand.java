package dev.sluice.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
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
      "  sluice mount --data D --lease s3://bucket/lease --listen :4480 --advertise http://10.0.0.1:4480 MNT",
      "  sluice mount --data D --store file:///backups MNT -- python3 app.py MNT/app.db",
      "  sluice mount --data D2 --follow http://10.0.0.1:4480 --listen :4480 --proxy :8080=127.0.0.1:3000 MNT2",
    })
final class MountCommand extends CliCommand {
  @Mixin private NodeOptions options = new NodeOptions();

  @Parameters(
      arity = "0..*",
      paramLabel = "MNT [-- COMMAND]",
      description = {
        "MNT is where applications find the databases: an empty directory. After '--': an application to run"
            + " under the mount; Sluice ends with it and with its status.",
      })
  private List<String> words = List.of();

  @Override
  boolean isLongRunning() {
    return true;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    int own = ownWords(words);
    if (own > 1) {
      throw usage("more than one mount point given: " + String.join(" ", words.subList(0, own)));
    }
    List<String> command = words.subList(own, words.size());
    SluiceConfig config =
        options.resolve(
            Settings.of(
                SluiceConfig.MOUNT,
                own == 0 ? null : Path.of(words.get(0)),
                ConfigSource.flag("MNT")));
    ConfigAdvice.check(config);
    config.security().check(config.listen());
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
