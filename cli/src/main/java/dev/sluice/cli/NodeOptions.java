package dev.sluice.cli;

import dev.sluice.monitor.ListenAddress;
import dev.sluice.store.StoreUrl;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The flags of every command that runs a primary, for use as a mixin. A flag wins over its key. */
final class NodeOptions {
  static final String INSECURE =
      "Listen for other machines even if nobody is asked for a token or a certificate.";

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "Configuration; the flags below are also its keys.")
  private @Nullable Path config;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "Directory with the databases and Sluice's own files.")
  private @Nullable Path data;

  @Option(
      names = "--store",
      paramLabel = "URL",
      converter = BackupCommand.StoreUrlConverter.class,
      description =
          "Back up below this URL, such as file:///backups; a database at URL/<its name>. May be"
              + " repeated: each has everything.")
  private List<StoreUrl> store = List.of();

  @Option(
      names = "--listen",
      paramLabel = "HOST:PORT",
      converter = ListenConverter.class,
      description = "Answer status, waits, followers and metrics here.")
  private @Nullable ListenAddress listen;

  @Mixin private AccessOptions access = new AccessOptions();

  @Option(names = "--insecure", description = INSECURE)
  private @Nullable Boolean insecure;

  @Option(
      names = "--sync-interval",
      paramLabel = "DURATION",
      converter = Durations.Converter.class,
      description = "How often transactions go to the store, such as 500ms (default: 1s).")
  private @Nullable Duration syncInterval;

  @Option(
      names = "--levels",
      split = ",",
      paramLabel = "DURATION",
      converter = Durations.Converter.class,
      description = "How often shipped files are merged, level by level (default: 30s,5m,1h).")
  private @Nullable List<Duration> levels;

  @Option(
      names = "--snapshot-interval",
      paramLabel = "DURATION",
      converter = Durations.Converter.class,
      description = "How often a changed database is put into the store whole (default: 24h).")
  private @Nullable Duration snapshotInterval;

  @Option(
      names = "--retention",
      paramLabel = "DURATION",
      converter = Durations.Converter.class,
      description = "How far back restores must reach (default: 24h).")
  private @Nullable Duration retention;

  @Option(
      names = "--verify-interval",
      paramLabel = "DURATION",
      converter = Durations.Converter.class,
      description =
          "How often each backup is restored to a scratch file and checked, such as 24h (default:"
              + " never).")
  private @Nullable Duration verifyInterval;

  @Option(
      names = "--bandwidth",
      paramLabel = "SIZE",
      converter = ByteSize.Converter.class,
      description =
          "How much a second goes to all stores together, such as 10MB (default: any amount).")
  private @Nullable ByteSize bandwidth;

  /**
   * The configuration file, if one was given, overridden by the flags.
   *
   * @param more what the other flags of the command say
   */
  SluiceConfig resolve(SluiceConfig more) throws IOException {
    SluiceConfig file =
        config == null ? SluiceConfig.EMPTY : ConfigFile.read(config, System::getenv);
    return file.overriddenBy(
            SluiceConfig.ofNode(
                data,
                listen,
                store,
                new ShippingSettings(
                    syncInterval,
                    levels,
                    snapshotInterval,
                    retention,
                    null,
                    verifyInterval,
                    bandwidth,
                    null,
                    null,
                    null),
                access.settings(insecure)))
        .overriddenBy(more);
  }

  static final class ListenConverter implements ITypeConverter<ListenAddress> {
    @Override
    public ListenAddress convert(String text) {
      try {
        return ListenAddress.parse(text);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }
}
