package dev.sluice.cli;

import dev.sluice.ltx.CorruptLtxException;
import dev.sluice.restore.ChecksumMismatchException;
import dev.sluice.restore.DamagedDatabaseException;
import dev.sluice.restore.NotRestorableException;
import dev.sluice.restore.RestoreTarget;
import dev.sluice.restore.RestoreTime;
import dev.sluice.restore.StoreLayout;
import dev.sluice.store.Backoff;
import dev.sluice.store.BandwidthLimitedStore;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.RateLimit;
import dev.sluice.store.RetryingStore;
import dev.sluice.store.StoreUnavailableException;
import dev.sluice.store.StoreUrl;
import dev.sluice.store.Stores;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** A command that reads the backup of one database, by its URL or by its name in a file. */
abstract class BackupCommand extends CliCommand {
  @Parameters(
      paramLabel = "URL|NAME",
      description =
          "Where the backup is, such as file:///backups/shop/app.db; with --config, the database's"
              + " name: shop/app.db.")
  private @Nullable String source;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "Configuration that says where the backups are.")
  private @Nullable Path config;

  @Option(
      names = "--replica",
      paramLabel = "N|URL",
      description =
          "Which of several stores in the configuration: its number from 1, or its URL (default:"
              + " the first that answers).")
  private @Nullable String replica;

  private @Nullable SluiceConfig read;

  /** What is done with a backup. */
  interface Action<T> {
    T run(ObjectStore store, StoreLayout layout, StoreUrl url) throws IOException;
  }

  /** One of them; none is the latest state. */
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

    static RestoreTarget target(@Nullable Moment moment) {
      if (moment != null && moment.txid != null) {
        return RestoreTarget.txid(moment.txid);
      }
      return moment == null || moment.time == null
          ? RestoreTarget.LATEST
          : RestoreTarget.time(moment.time);
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

  @Override
  int statusOf(Exception e) {
    if (e instanceof CorruptLtxException
        || e instanceof ChecksumMismatchException
        || e instanceof DamagedDatabaseException) {
      return ExitStatus.DAMAGED;
    }
    return e instanceof NotRestorableException ? ExitStatus.NOT_RESTORABLE : ExitStatus.FAILED;
  }

  /** Does something with the backup; in the first store that answers when there are several. */
  final <T> T withBackup(Action<T> action) throws IOException {
    List<StoreUrl> urls = urls();
    RateLimit limit = bandwidth();
    for (int i = 0; ; i++) {
      StoreUrl url = urls.get(i);
      try (ObjectStore store =
          new RetryingStore(
              BandwidthLimitedStore.around(open(url), RateLimit.NONE, limit), Backoff.DEFAULT)) {
        return action.run(store, StoreLayout.of(url.scheme(), ""), url);
      } catch (StoreUnavailableException e) {
        if (i == urls.size() - 1) {
          throw e;
        }
        err().println("sluice: " + Errors.line(e) + "; trying " + urls.get(i + 1));
      }
    }
  }

  /** How fast the backup may be read. */
  RateLimit bandwidth() {
    return RateLimit.NONE;
  }

  /** The file that the configuration has for the database; null when a URL was given. */
  final @Nullable Path configuredFile() throws IOException {
    SluiceConfig known = configuration();
    return known == null || known.data() == null ? null : known.data().resolve(name());
  }

  private @Nullable SluiceConfig configuration() throws IOException {
    if (config != null && read == null) {
      read = ConfigFile.read(config, System::getenv);
    }
    return read;
  }

  private String source() {
    if (source == null) {
      throw usage("no URL given");
    }
    return source;
  }

  /** The name of the database in the configuration, also when its path was given. */
  private String name() throws IOException {
    SluiceConfig known = configuration();
    Path path = Path.of(source());
    if (known != null && known.data() != null && path.isAbsolute()) {
      Path data = known.data().toAbsolutePath().normalize();
      if (path.normalize().startsWith(data)) {
        return data.relativize(path.normalize()).toString();
      }
    }
    return source();
  }

  private List<StoreUrl> urls() throws IOException {
    SluiceConfig known = configuration();
    if (known == null) {
      return List.of(parse(source()));
    }
    List<StoreUrl> urls = known.storesOf(name());
    if (urls.isEmpty()) {
      throw new UserException(
          config + " has no store for " + name(), "add 'store' to it, or give the URL");
    }
    return replica == null ? urls : List.of(chosen(urls, replica));
  }

  private StoreUrl parse(String text) {
    try {
      return StoreUrl.parse(text);
    } catch (IllegalArgumentException e) {
      throw usage(e.getMessage() + "; or the name of a database with --config");
    }
  }

  private StoreUrl chosen(List<StoreUrl> urls, String wanted) {
    for (int i = 0; i < urls.size(); i++) {
      String url = urls.get(i).toString();
      if (wanted.equals(String.valueOf(i + 1)) || url.equals(wanted) || url.startsWith(wanted)) {
        return urls.get(i);
      }
    }
    throw usage("--replica " + wanted + ": there are " + urls);
  }

  private ObjectStore open(StoreUrl url) throws IOException {
    try {
      return Stores.open(url);
    } catch (IllegalArgumentException e) {
      throw usage(String.valueOf(e.getMessage()));
    }
  }
}
