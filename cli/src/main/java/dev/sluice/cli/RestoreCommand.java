package dev.sluice.cli;

import dev.sluice.restore.IntegrityCheck;
import dev.sluice.restore.NoBackupException;
import dev.sluice.restore.Restore;
import dev.sluice.restore.RestoreListener;
import dev.sluice.restore.RestoreOptions;
import dev.sluice.restore.RestorePreview;
import dev.sluice.restore.RestoreResult;
import dev.sluice.restore.StoreLayout;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.RateLimit;
import dev.sluice.store.StoreUrl;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "restore",
    description = {
      "Restore a database from a store: the latest state, or that of a moment.",
      "Interrupted, it goes on where it was when it is started again.",
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  sluice restore file:///backups/shop/app.db -o app.db",
      "  sluice restore file:///backups/shop/app.db -o app.db --timestamp '10 minutes ago'",
      "  sluice restore --config sluice.yml shop/app.db --if-db-not-exists",
    })
final class RestoreCommand extends BackupCommand {
  @Option(
      names = {"-o", "--output"},
      paramLabel = "OUT",
      description =
          "The database file to write (default: with --config, where the database belongs).")
  private @Nullable Path output;

  @ArgGroup private @Nullable Moment moment;

  @Option(
      names = "--if-replica-exists",
      description = "Do nothing, successfully, when there is no backup.")
  private boolean ifReplicaExists;

  @Option(names = "--if-db-not-exists", description = "Do nothing, successfully, when OUT exists.")
  private boolean ifDbNotExists;

  @Option(
      names = "--force",
      description = "Replace OUT if it exists, and delete its WAL and journal.")
  private boolean force;

  @Option(
      names = "--parallelism",
      paramLabel = "N",
      description =
          "How many threads read and write, 1 to "
              + RestoreOptions.MAX_THREADS
              + " (default: twice the processors from a directory, else all).")
  private int parallelism;

  @Option(
      names = "--integrity-check",
      paramLabel = "HOW",
      defaultValue = "quick",
      description =
          "none, quick: checksums (default), or full: all of every file, and SQLite's"
              + " integrity_check.")
  private IntegrityCheck integrity = IntegrityCheck.QUICK;

  @Option(
      names = "--bandwidth",
      paramLabel = "SIZE",
      converter = ByteSize.Converter.class,
      description = "How much a second is read from the store, such as 10MB (default: any amount).")
  private ByteSize bandwidth = ByteSize.ZERO;

  @Option(names = "--dry-run", description = "Only say what would be done.")
  private boolean dryRun;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    if (parallelism < 0 || parallelism > RestoreOptions.MAX_THREADS) {
      throw usage("--parallelism must be 1 to " + RestoreOptions.MAX_THREADS);
    }
    Path out = target();
    if (ifDbNotExists && !force && Files.exists(out)) {
      return ExitStatus.OK;
    }
    try {
      withBackup(
          (store, layout, url) -> {
            restore(store, layout, url, out);
            return ExitStatus.OK;
          });
    } catch (NoBackupException e) {
      if (!ifReplicaExists) {
        throw e;
      }
    }
    return ExitStatus.OK;
  }

  @Override
  RateLimit bandwidth() {
    return bandwidth.rateLimit();
  }

  private Path target() throws IOException {
    Path out = output == null ? configuredFile() : output;
    if (out == null) {
      throw usage("no file to write given: add -o OUT");
    }
    return out;
  }

  private void restore(ObjectStore store, StoreLayout layout, StoreUrl url, Path out)
      throws IOException {
    RestoreReport report = new RestoreReport(out(), json);
    if (dryRun) {
      report.print(out, url, RestorePreview.of(store, layout, Moment.target(moment)));
      return;
    }
    if (output == null) {
      // A new machine has nothing yet where the configuration has the database.
      Files.createDirectories(out.resolveSibling("").toAbsolutePath());
    }
    RestoreOptions defaults = RestoreOptions.of(url.scheme());
    RestoreOptions options =
        defaults
            .withTarget(Moment.target(moment))
            .withForce(force)
            .withThreads(parallelism == 0 ? defaults.threads() : parallelism)
            .withIntegrity(integrity, new SqliteCheck());
    report.print(out, url, run(store, layout, options, out));
  }

  private RestoreResult run(ObjectStore store, StoreLayout layout, RestoreOptions options, Path out)
      throws IOException {
    if (json) {
      return Restore.run(store, layout, options.withListener(RestoreListener.NONE), out);
    }
    try (ProgressLine progress = new ProgressLine(err(), ProgressLine.isTerminal())) {
      return Restore.run(store, layout, options.withListener(progress), out);
    }
  }
}
