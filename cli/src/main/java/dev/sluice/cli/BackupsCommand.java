package dev.sluice.cli;

import dev.sluice.ltx.Txid;
import dev.sluice.restore.BackupSummary;
import dev.sluice.restore.BackupSummary.Gap;
import dev.sluice.restore.NoBackupException;
import dev.sluice.restore.RestorePoint;
import dev.sluice.store.StoreUrl;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "backups",
    description = {
      "Show what a backup has: the time it can restore, how finely, its files and gaps.",
      "Reads a listing only; 'sluice verify' proves that the files are sound.",
    },
    footerHeading = "%nExample:%n",
    footer = "  sluice backups file:///backups/shop/app.db")
final class BackupsCommand extends BackupCommand {
  /** So many snapshots are shown one by one, the newest. */
  private static final int SHOWN_SNAPSHOTS = 10;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    return withBackup(
        (store, layout, url) -> {
          BackupSummary summary =
              waitingFor("listing " + url, () -> BackupSummary.read(store, layout));
          if (summary.isEmpty()) {
            throw new NoBackupException(
                url + ": no backup there; check the URL, which ends with the database's name");
          }
          if (json) {
            Show.json(out(), fields(url, summary));
          } else {
            print(url, summary);
          }
          return summary.gaps().isEmpty() && summary.isNewestRestorable()
              ? ExitStatus.OK
              : ExitStatus.INCOMPLETE;
        });
  }

  private void print(StoreUrl url, BackupSummary summary) {
    out().println(url.toString());
    if (!summary.generations().isEmpty()) {
      printGenerations(summary);
      return;
    }
    RestorePoint first = summary.first();
    RestorePoint last = summary.last();
    if (first == null || last == null) {
      out().println("  NOTHING CAN BE RESTORED: there is no snapshot");
    } else {
      field("from", first.toString());
      field("to", last.toString());
      field("states", Show.count(summary.states()));
    }
    out().println();
    printLevels(summary);
    out().println();
    printSnapshots(summary);
    if (!summary.gaps().isEmpty() || !summary.isNewestRestorable()) {
      out().println();
    }
    summary.gaps().forEach(gap -> out().println(describe(gap)));
    if (!summary.isNewestRestorable()) {
      out().println(newestLost(summary));
    }
  }

  private static String newestLost(BackupSummary summary) {
    RestorePoint last = summary.last();
    return "THE NEWEST STATE, TXID "
        + Txid.format(summary.newestTxid())
        + ", CANNOT BE RESTORED"
        + (last == null ? "" : ": nothing after " + last)
        + "; take a snapshot now";
  }

  private void printLevels(BackupSummary summary) {
    Table table = new Table("LEVEL", ">FILES", ">SIZE", "TXIDS", "FROM", "TO", ">USUALLY EVERY");
    for (BackupSummary.Level level : summary.levels()) {
      table.row(
          level.level(),
          Show.count(level.files()),
          Show.bytes(level.sizeBytes()),
          Txid.format(level.minTxid()) + "-" + Txid.format(level.maxTxid()),
          RestorePoint.local(level.from()),
          RestorePoint.local(level.to()),
          every(level.step()));
    }
    table.printTo(out());
  }

  private static String every(@Nullable Duration step) {
    return step == null ? "-" : Show.span(step);
  }

  private void printSnapshots(BackupSummary summary) {
    List<BackupSummary.Snapshot> snapshots = summary.snapshots();
    int hidden = Math.max(0, snapshots.size() - SHOWN_SNAPSHOTS);
    Table table = new Table("SNAPSHOT", "COMMITTED", ">SIZE");
    for (BackupSummary.Snapshot snapshot : snapshots.subList(hidden, snapshots.size())) {
      table.row(
          Txid.format(snapshot.txid()),
          RestorePoint.local(snapshot.time()),
          Show.bytes(snapshot.sizeBytes()));
    }
    table.printTo(out());
    if (hidden > 0) {
      out().println("and " + Show.count(hidden) + " older");
    }
  }

  private void printGenerations(BackupSummary summary) {
    out().println("  written by Litestream 0.3: times can be restored, no TXIDs");
    Table table = new Table("GENERATION", ">SNAPSHOTS", ">SEGMENTS", ">SIZE", "FROM", "TO");
    for (BackupSummary.GenerationSummary generation : summary.generations()) {
      table.row(
          generation.id(),
          generation.snapshots(),
          generation.segments(),
          Show.bytes(generation.sizeBytes()),
          RestorePoint.local(generation.from()),
          RestorePoint.local(generation.to()));
    }
    table.printTo(out());
  }

  /** A gap, loudly. */
  static String describe(Gap gap) {
    return "GAP: transactions "
        + Txid.format(gap.firstTxid())
        + " to "
        + Txid.format(gap.lastTxid())
        + " are missing; between "
        + RestorePoint.local(gap.after())
        + " and "
        + RestorePoint.local(gap.before())
        + (gap.restorableAfter()
            ? " no state can be restored"
            : " and after that no state can be restored");
  }

  static Map<String, Object> fields(Gap gap) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("firstTxid", Txid.format(gap.firstTxid()));
    fields.put("lastTxid", Txid.format(gap.lastTxid()));
    fields.put("after", gap.after().toString());
    fields.put("before", gap.before().toString());
    fields.put("restorableAfter", gap.restorableAfter());
    return fields;
  }

  private static Map<String, Object> fields(StoreUrl url, BackupSummary summary) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("store", url.toString());
    fields.put("states", summary.states());
    fields.put("first", point(summary.first()));
    fields.put("last", point(summary.last()));
    fields.put("newestTxid", Txid.format(summary.newestTxid()));
    fields.put("newestRestorable", summary.isNewestRestorable());
    fields.put("levels", summary.levels().stream().map(BackupsCommand::fields).toList());
    fields.put("snapshots", summary.snapshots().stream().map(BackupsCommand::fields).toList());
    fields.put("gaps", summary.gaps().stream().map(gap -> fields(gap)).toList());
    fields.put("generations", summary.generations().stream().map(BackupsCommand::fields).toList());
    return fields;
  }

  private static @Nullable Map<String, Object> point(@Nullable RestorePoint point) {
    return point == null
        ? null
        : Map.of("txid", Txid.format(point.txid()), "time", point.time().toString());
  }

  private static Map<String, Object> fields(BackupSummary.Level level) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("level", level.level());
    fields.put("files", level.files());
    fields.put("sizeBytes", level.sizeBytes());
    fields.put("minTxid", Txid.format(level.minTxid()));
    fields.put("maxTxid", Txid.format(level.maxTxid()));
    fields.put("from", level.from().toString());
    fields.put("to", level.to().toString());
    Duration step = level.step();
    fields.put("stepMillis", step == null ? null : step.toMillis());
    return fields;
  }

  private static Map<String, Object> fields(BackupSummary.Snapshot snapshot) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("txid", Txid.format(snapshot.txid()));
    fields.put("time", snapshot.time().toString());
    fields.put("sizeBytes", snapshot.sizeBytes());
    fields.put("level", snapshot.level());
    return fields;
  }

  private static Map<String, Object> fields(BackupSummary.GenerationSummary generation) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("id", generation.id());
    fields.put("snapshots", generation.snapshots());
    fields.put("segments", generation.segments());
    fields.put("sizeBytes", generation.sizeBytes());
    fields.put("from", generation.from().toString());
    fields.put("to", generation.to().toString());
    return fields;
  }

  private void field(String name, String value) {
    out().printf("  %-10s %s%n", name, value);
  }
}
