package dev.sluice.cli;

import dev.sluice.restore.IntegrityCheck;
import dev.sluice.restore.RestoreListener;
import dev.sluice.restore.RestoreOptions;
import dev.sluice.restore.Verification;
import dev.sluice.store.RateLimit;
import dev.sluice.store.StoreUrl;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "verify",
    description = {
      "Prove a backup: restore it to a scratch file, check everything, remove the file.",
      "Checks all checksums of the files used, the database's checksum, SQLite's integrity_check,"
          + " and that no transaction is missing.",
    },
    footerHeading = "%nExample:%n",
    footer = "  sluice verify file:///backups/shop/app.db")
final class VerifyCommand extends BackupCommand {
  @ArgGroup private @Nullable Moment moment;

  @Option(
      names = "--scratch",
      paramLabel = "DIR",
      description = "Where there is room for the database (default: the temporary directory).")
  private Path scratch = Path.of(System.getProperty("java.io.tmpdir"));

  @Option(
      names = "--bandwidth",
      paramLabel = "SIZE",
      converter = ByteSize.Converter.class,
      description = "How much a second is read from the store, such as 10MB (default: any amount).")
  private ByteSize bandwidth = ByteSize.ZERO;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    return withBackup(
        (store, layout, url) -> {
          try (ProgressLine progress = new ProgressLine(err(), ProgressLine.isTerminal())) {
            RestoreOptions options =
                RestoreOptions.of(url.scheme())
                    .withTarget(Moment.target(moment))
                    .withIntegrity(IntegrityCheck.FULL, new SqliteCheck())
                    .withListener(json ? RestoreListener.NONE : progress);
            return report(url, Verification.run(store, layout, options, scratch));
          }
        });
  }

  @Override
  RateLimit bandwidth() {
    return bandwidth.rateLimit();
  }

  private int report(StoreUrl url, Verification.Outcome outcome) throws IOException {
    if (json) {
      Map<String, Object> fields = RestoreReport.fields("", url, outcome.restored());
      fields.remove("output");
      fields.put("gaps", outcome.gaps().stream().map(BackupsCommand::fields).toList());
      Show.json(out(), fields);
    } else {
      out().println(url + " is sound");
      new RestoreReport(out(), false).print(outcome.restored());
      outcome.gaps().forEach(gap -> out().println(BackupsCommand.describe(gap)));
    }
    return outcome.gaps().isEmpty() ? ExitStatus.OK : ExitStatus.INCOMPLETE;
  }
}
