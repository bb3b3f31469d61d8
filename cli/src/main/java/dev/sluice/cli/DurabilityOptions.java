package dev.sluice.cli;

import dev.sluice.cli.DurabilitySettings.Mode;
import dev.sluice.durability.DurabilityPolicy.OnTimeout;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The flags that say what a commit in a cluster waits for, for use as a mixin. */
final class DurabilityOptions {
  @Option(
      names = "--durability",
      paramLabel = "MODE",
      converter = ModeConverter.class,
      description = {
        "With --lease: what has a transaction when its commit returns. async: this node; follower: followers, on"
            + " their disks; store: all stores (default: async)."
      })
  private @Nullable Mode mode;

  @Option(
      names = "--durability-followers",
      paramLabel = "N",
      description = "How many followers must have it, at least (default: 1).")
  private @Nullable Integer followers;

  @Option(
      names = "--durability-timeout",
      paramLabel = "DURATION",
      converter = Durations.Converter.class,
      description = "How long a commit may wait for them (default: 5s).")
  private @Nullable Duration timeout;

  @Option(
      names = "--durability-on-timeout",
      paramLabel = "POLICY",
      converter = OnTimeoutConverter.class,
      description =
          "Then, refuse: it fails, and is taken back; degrade: commits go on without waiting until it is possible"
              + " again (default: refuse).")
  private @Nullable OnTimeout onTimeout;

  DurabilitySettings settings() {
    return new DurabilitySettings(mode, followers, timeout, onTimeout);
  }

  static final class ModeConverter implements ITypeConverter<Mode> {
    @Override
    public Mode convert(String text) {
      try {
        return Mode.parse(text);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  static final class OnTimeoutConverter implements ITypeConverter<OnTimeout> {
    @Override
    public OnTimeout convert(String text) {
      try {
        return DurabilitySettings.parseOnTimeout(text);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }
}
