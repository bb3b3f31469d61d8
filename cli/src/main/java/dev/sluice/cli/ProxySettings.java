package dev.sluice.cli;

import static dev.sluice.cli.SluiceConfig.either;

import dev.sluice.monitor.ListenAddress;
import dev.sluice.monitor.proxy.ProxyOptions;
import dev.sluice.monitor.proxy.WriteForwarding;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * The proxy before the application; null where nothing is said.
 *
 * @param listen where clients reach it; null for a node without one
 * @param application where the application listens
 * @param advertise where other nodes reach it; null for the host at which they reach the node
 * @param writePaths globs of paths whose requests write, whatever their method
 * @param readPaths globs of paths whose requests only read
 * @param waitLimit how long a request is held
 * @param writeForwarding what becomes of writes on a node that is not the primary
 * @param retryReads whether a read that is answered with 503 is tried on the primary
 */
record ProxySettings(
    @Nullable ListenAddress listen,
    @Nullable ListenAddress application,
    @Nullable NodeUrl advertise,
    @Nullable List<String> writePaths,
    @Nullable List<String> readPaths,
    @Nullable Duration waitLimit,
    @Nullable WriteForwarding writeForwarding,
    @Nullable Boolean retryReads) {
  static final ProxySettings EMPTY =
      new ProxySettings(null, null, null, null, null, null, null, null);

  private static final Duration DEFAULT_WAIT = Duration.ofSeconds(5);
  private static final Duration LONGEST_WAIT = Duration.ofHours(1);

  ProxySettings {
    writePaths = writePaths == null ? null : List.copyOf(writePaths);
    readPaths = readPaths == null ? null : List.copyOf(readPaths);
    if ((listen == null) != (application == null)) {
      throw new IllegalArgumentException("'proxy' needs both 'listen' and 'application'");
    }
    if (waitLimit != null && waitLimit.compareTo(LONGEST_WAIT) > 0) {
      throw new IllegalArgumentException("'wait-limit' must be at most 1h");
    }
    if (advertise != null && !"http".equalsIgnoreCase(advertise.uri().getScheme())) {
      throw new IllegalArgumentException("'advertise' of a proxy must be an http URL");
    }
  }

  /** Parses {@code listen=application}, such as {@code :8080=127.0.0.1:3000}. */
  static ProxySettings parse(String text) {
    int equals = text.indexOf('=');
    if (equals < 0) {
      throw new IllegalArgumentException(
          "'" + text + "' is not like :8080=127.0.0.1:3000, where it listens and the application");
    }
    return new ProxySettings(
        ListenAddress.parse(text.substring(0, equals)),
        ListenAddress.parse(text.substring(equals + 1)),
        null,
        null,
        null,
        null,
        null,
        null);
  }

  ProxySettings overriddenBy(ProxySettings stronger) {
    return new ProxySettings(
        either(stronger.listen, listen),
        either(stronger.application, application),
        either(stronger.advertise, advertise),
        either(stronger.writePaths, writePaths),
        either(stronger.readPaths, readPaths),
        either(stronger.waitLimit, waitLimit),
        either(stronger.writeForwarding, writeForwarding),
        either(stronger.retryReads, retryReads));
  }

  Duration waitLimitOrDefault() {
    return waitLimit == null ? DEFAULT_WAIT : waitLimit;
  }

  WriteForwarding writeForwardingOrDefault() {
    return writeForwarding == null ? WriteForwarding.PROXY : writeForwarding;
  }

  boolean retryReadsOrDefault() {
    return retryReads != null && retryReads;
  }

  /**
   * What is to be started, where {@link #listen} is given.
   *
   * @param flyRegion of the primary; null outside of Fly.io
   */
  ProxyOptions options(@Nullable String flyRegion) {
    return new ProxyOptions(
        Objects.requireNonNull(listen),
        Objects.requireNonNull(application),
        writePaths == null ? List.of() : writePaths,
        readPaths == null ? List.of() : readPaths,
        waitLimitOrDefault().toMillis(),
        writeForwardingOrDefault(),
        retryReadsOrDefault(),
        flyRegion);
  }

  static final class Converter implements ITypeConverter<ProxySettings> {
    @Override
    public ProxySettings convert(String text) {
      try {
        return parse(text);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }
}
