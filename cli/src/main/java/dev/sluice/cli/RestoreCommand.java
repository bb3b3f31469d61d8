package dev.sluice.cli;

import dev.sluice.restore.Restore;
import dev.sluice.restore.RestoreOptions;
import dev.sluice.restore.RestoreResult;
import dev.sluice.restore.RestoreTarget;
import dev.sluice.restore.RestoreTime;
import dev.sluice.restore.StoreLayout;
import dev.sluice.store.Backoff;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.RetryingStore;
import dev.sluice.store.StoreUrl;
import dev.sluice.store.Stores;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

@Command(
    name = "restore",
    description = "Restore a database from a store: the latest state, or that of a moment.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  sluice restore file:///backups/shop/app.db -o app.db",
      "  sluice restore file:///backups/shop/app.db -o app.db --timestamp '10 minutes ago'",
    })
final class RestoreCommand extends CliCommand {
  @Parameters(
      paramLabel = "URL",
      converter = StoreUrlConverter.class,
      description = "Where the backup of the database is, such as file:///backups/shop/app.db.")
  private @Nullable StoreUrl url;

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "OUT",
      description = "The database file to write.")
  private Path output = Path.of("");

  @ArgGroup private @Nullable Moment moment;

  @Option(
      names = "--force",
      description = "Replace OUT if it exists, and delete its WAL and journal.")
  private boolean force;

  /** One of them. */
  static final class Moment {
    @Option(
        names = "--txid",
        paramLabel = "HEX",
        converter = TxidConverter.class,
        description = "The state after this transaction, as positions show it (hexadecimal).")
    private @Nullable Long txid;

    @Option(
        names = "--timestamp",
        paramLabel = "TIME",
        converter = TimeConverter.class,
        description =
            "The state at this time: '2026-11-23T14:00:00Z', '2026-11-23 14:00' (local),"
                + " '10 minutes ago', 'yesterday 14:00'.")
    private @Nullable Instant time;

    RestoreTarget target() {
      if (txid != null) {
        return RestoreTarget.txid(txid);
      }
      return time == null ? RestoreTarget.LATEST : RestoreTarget.time(time);
    }
  }

  static final class StoreUrlConverter implements ITypeConverter<StoreUrl> {
    @Override
    public StoreUrl convert(String text) {
      try {
        return StoreUrl.parse(text);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  static final class TimeConverter implements ITypeConverter<Instant> {
    @Override
    public Instant convert(String text) {
      try {
        return new RestoreTime(Clock.systemUTC(), ZoneId.systemDefault()).parse(text);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  @Override
  public Integer call() throws IOException {
    if (url == null) {
      throw usage("no URL given");
    }
    RestoreOptions options =
        RestoreOptions.DEFAULT
            .withTarget(moment == null ? RestoreTarget.LATEST : moment.target())
            .withForce(force);
    try (ObjectStore store = new RetryingStore(open(url), Backoff.DEFAULT)) {
      print(Restore.run(store, StoreLayout.of(url.scheme(), ""), options, output));
    }
    return ExitStatus.OK;
  }

  private ObjectStore open(StoreUrl storeUrl) throws IOException {
    try {
      return Stores.open(storeUrl);
    } catch (IllegalArgumentException e) {
      throw usage(String.valueOf(e.getMessage()));
    }
  }

  private void print(RestoreResult result) {
    out().println(output + " is restored");
    field(
        "position",
        result.position()
            + (result.verified() ? ", verified" : " (the backup has no checksum to compare)"));
    Duration ago = Duration.between(result.time(), Instant.now());
    field("committed", Show.time(result.time()) + ", " + Show.span(ago) + " ago");
    field(
        "size",
        "%s, %s pages of %s bytes"
            .formatted(
                Show.bytes(result.bytesWritten()),
                Show.count(result.pages()),
                Show.count(result.pageSize())));
    field(
        "read",
        Show.bytes(result.bytesRead())
            + " of "
            + result.files().size()
            + (result.files().size() == 1 ? " file" : " files"));
    field("took", Show.span(result.duration()));
  }

  private void field(String name, String value) {
    out().printf("  %-10s %s%n", name, value);
  }
}
