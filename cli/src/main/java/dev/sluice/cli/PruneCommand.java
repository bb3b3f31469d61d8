package dev.sluice.cli;

import dev.sluice.restore.StoreLayout;
import dev.sluice.ship.Pruning;
import dev.sluice.ship.ShippingPolicy;
import dev.sluice.store.Backoff;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.RetryingStore;
import dev.sluice.store.StoreUrl;
import dev.sluice.store.Stores;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "prune",
    description = {
      "Delete from the backup of a database what no restore within the retention needs.",
      "A running node does that by itself; this is for backups that no node writes to any more, or with"
          + " another retention. The latest state can always be restored afterwards.",
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  sluice prune s3://bucket/shop/app.db --dry-run",
      "  sluice prune file:///backups/shop/app.db --retention 7d",
    })
final class PruneCommand extends CliCommand {
  @Parameters(
      paramLabel = "URL",
      converter = RestoreCommand.StoreUrlConverter.class,
      description = "Where the backup of the database is.")
  private @Nullable StoreUrl url;

  @Option(names = "--dry-run", description = "Only say what would be deleted.")
  private boolean dryRun;

  @Option(
      names = "--retention",
      paramLabel = "DURATION",
      converter = Durations.Converter.class,
      defaultValue = "24h",
      description = "How far back restores must reach (default: ${DEFAULT-VALUE}).")
  private Duration retention = Duration.ZERO;

  @Option(
      names = "--l0-retention",
      paramLabel = "DURATION",
      converter = Durations.Converter.class,
      defaultValue = "5m",
      description = "How long files of level 0 stay that are merged (default: ${DEFAULT-VALUE}).")
  private Duration l0Retention = Duration.ZERO;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    StoreUrl at = url;
    if (at == null) {
      throw usage("no URL given");
    }
    ShippingPolicy defaults = ShippingPolicy.DEFAULT;
    ShippingPolicy policy =
        new ShippingPolicy(
            defaults.syncInterval(),
            defaults.levels(),
            defaults.snapshotInterval(),
            retention,
            l0Retention);
    Clock clock = Clock.systemUTC();
    try (ObjectStore store = new RetryingStore(Stores.open(at), Backoff.DEFAULT)) {
      Pruning pruning =
          Pruning.plan(store, StoreLayout.of(at.scheme(), ""), policy, clock.instant());
      if (pruning.kept().isEmpty()) {
        throw new UserException(
            at + ": no backup there", "give the URL of one database, which ends with its name");
      }
      if (!dryRun) {
        waitingFor(
            "deleting from " + at,
            () -> {
              pruning.apply();
              return pruning;
            });
      }
      if (json) {
        Show.json(out(), json(pruning));
      } else {
        print(pruning);
      }
    }
    return ExitStatus.OK;
  }

  private Map<String, Object> json(Pruning pruning) {
    return Map.of(
        "deleted", !dryRun,
        "expired", pruning.expired().stream().map(PruneCommand::fields).toList(),
        "kept", pruning.kept().stream().map(PruneCommand::fields).toList());
  }

  private static Map<String, Object> fields(Pruning.Entry entry) {
    return Map.of(
        "key", entry.key(),
        "level", entry.level(),
        "sizeBytes", entry.sizeBytes(),
        "time", entry.time().toString());
  }

  private void print(Pruning pruning) {
    if (!pruning.expired().isEmpty()) {
      Table table = new Table(dryRun ? "WOULD DELETE" : "DELETED", "SIZE", "TIME");
      for (Pruning.Entry entry : pruning.expired()) {
        table.row(entry.key(), Show.bytes(entry.sizeBytes()), Show.time(entry.time()));
      }
      table.printTo(out());
    }
    out()
        .println(
            (dryRun ? "would delete " : "deleted ")
                + sum(pruning.expired())
                + "; "
                + sum(pruning.kept())
                + " stay");
  }

  private static String sum(List<Pruning.Entry> entries) {
    long bytes = entries.stream().mapToLong(Pruning.Entry::sizeBytes).sum();
    return Show.count(entries.size())
        + (entries.size() == 1 ? " file, " : " files, ")
        + Show.bytes(bytes);
  }
}
