package dev.sluice.cli;

import dev.sluice.fuse.binding.FuseBinding;
import dev.sluice.monitor.ListenAddress;
import dev.sluice.store.StoreUrl;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The flags of a command that runs a node, for use as a mixin. A flag wins over its key. */
final class NodeOptions {
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
      converter = RestoreCommand.StoreUrlConverter.class,
      description =
          "Back up below this URL, such as file:///backups; a database at URL/<its name>.")
  private @Nullable StoreUrl store;

  @Option(
      names = "--listen",
      paramLabel = "HOST:PORT",
      converter = ListenConverter.class,
      description = "Answer status, waits, followers and metrics here.")
  private @Nullable ListenAddress listen;

  @Option(
      names = "--follow",
      paramLabel = "URL",
      converter = NodeUrl.Converter.class,
      description = "Follow the primary at this URL; applications then only read.")
  private @Nullable NodeUrl follow;

  @Option(
      names = "--sync-interval",
      paramLabel = "DURATION",
      converter = Durations.Converter.class,
      description = "How often transactions go to the store, such as 500ms (default: 1s).")
  private @Nullable Duration syncInterval;

  @Option(
      names = "--fuse-binding",
      paramLabel = "BINDING",
      converter = FuseBindingConverter.class,
      description = "How to speak with the kernel, device or jnr-fuse (default: device).")
  private @Nullable FuseBinding fuseBinding;

  @Option(
      names = "--low-latency",
      negatable = true,
      description =
          "Keep processors from sleeping while applications write: commits up to twice as fast, more"
              + " power used. Needs root (default: in virtual machines, where allowed).")
  private @Nullable Boolean lowLatency;

  /**
   * The configuration file, if one was given, overridden by the flags.
   *
   * @param mount the mount point on the command line, if any
   */
  SluiceConfig resolve(@Nullable Path mount) throws IOException {
    SluiceConfig flags =
        new SluiceConfig(
            data,
            mount,
            listen,
            follow,
            store,
            syncInterval,
            fuseBinding,
            lowLatency,
            List.of(),
            List.of(),
            List.of(),
            null);
    SluiceConfig file =
        config == null ? SluiceConfig.EMPTY : ConfigFile.read(config, System::getenv);
    return file.overriddenBy(flags);
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

  static final class FuseBindingConverter implements ITypeConverter<FuseBinding> {
    @Override
    public FuseBinding convert(String text) {
      try {
        return FuseBinding.parse(text);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }
}
