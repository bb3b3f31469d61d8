package dev.sluice.cli;

import dev.sluice.store.StoreUrl;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
    name = "replicate",
    description = {
      "Back up and replicate databases without a mount: applications keep their own files, and Sluice follows"
          + " what they write, a moment later.",
      "One database, or with --data or --config those below a directory. Runs until it is stopped (SIGTERM,"
          + " Ctrl-C); with a COMMAND, until that ends.",
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  sluice replicate app.db file:///backups/app",
      "  sluice replicate --data /var/lib/shop --store file:///backups --listen 127.0.0.1:4480",
      "  sluice replicate app.db file:///backups/app -- python3 app.py app.db",
    })
final class ReplicateCommand extends CliCommand {
  @Mixin private NodeOptions options = new NodeOptions();

  @Parameters(
      arity = "0..*",
      paramLabel = "FILE URL [-- COMMAND]",
      description = {
        "The database, and where its backup goes; none with --data or --config. After '--': an application to"
            + " run meanwhile; Sluice ends with it and with its status.",
      })
  private List<String> words = List.of();

  @Override
  boolean isLongRunning() {
    return true;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    int own = ownWords(words);
    List<String> command = words.subList(own, words.size());
    SluiceConfig settings = options.resolve(Settings.NONE);
    Path file = null;
    if (own > 0) {
      file = file(words.get(0));
      settings = ofFile(settings, file, own);
    } else if (settings.data() == null) {
      throw usage("name a database and a store, or a directory with --data or --config");
    }
    ConfigAdvice.check(settings);
    settings.security().check(settings.listen());
    Running running = new Running();
    try (Node node = Node.beside(settings, file)) {
      out()
          .println(
              "replicating "
                  + (file == null ? settings.data() : words.get(0))
                  + (node.url() == null ? "" : ", serving " + node.url()));
      out().flush();
      if (!command.isEmpty()) {
        return running.run(command);
      }
      running.await();
      return ExitStatus.OK;
    }
  }

  /** SQLite keeps the WAL beside the file that a symbolic link leads to. */
  private static Path file(String word) throws IOException {
    Path path = Path.of(word).toAbsolutePath();
    if (Files.isDirectory(path)) {
      throw new UserException(word + " is a directory", "name it with --data");
    }
    Path parent = Objects.requireNonNull(path.getParent());
    if (!Files.isDirectory(parent)) {
      throw new UserException(
          "there is no directory " + parent, "correct the name of the database");
    }
    return Files.exists(path) ? path.toRealPath() : parent.toRealPath().resolve(path.getFileName());
  }

  private SluiceConfig ofFile(SluiceConfig settings, Path file, int own) {
    if (own > 2 || settings.data() != null) {
      throw usage("a database by name and a URL, or a directory with --data or --config");
    }
    if (own == 1 && settings.listen() == null && settings.store().isEmpty()) {
      throw usage("nowhere to replicate to: add the URL of a store, or --listen for followers");
    }
    return settings.ofFile(
        file, own == 2 ? List.of(StoreUrl.parse(words.get(1))) : List.<StoreUrl>of());
  }
}
