package dev.sluice.cli;

import dev.sluice.monitor.ListenAddress;
import dev.sluice.monitor.proxy.ProxyOptions;
import dev.sluice.monitor.proxy.WriteForwarding;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The proxy before the application.
 *
 * @param said what is said of it
 */
record ProxySettings(Settings said) {
  private static final Duration LONGEST_WAIT = Duration.ofHours(1);

  private static final ConfigKey<ListenAddress> LISTEN =
      ConfigKey.named("listen", ConfigType.ADDRESS)
          .fallbackText("must be given")
          .says("`host:port` where clients reach it");
  private static final ConfigKey<ListenAddress> APPLICATION =
      ConfigKey.named("application", ConfigType.ADDRESS)
          .fallbackText("must be given")
          .says("`host:port` where the application of this node listens, for HTTP");
  private static final ConfigKey<NodeUrl> ADVERTISE =
      ConfigKey.named("advertise", ConfigType.NODE_URL)
          .fallbackText("the host at which other nodes reach this one, and the port of `listen`")
          .check(
              (key, value) -> {
                if (!"http".equalsIgnoreCase(value.uri().getScheme())) {
                  throw new IllegalArgumentException("'advertise' of a proxy must be an http URL");
                }
              })
          .says("URL at which the proxies of other nodes reach this one, `http://host:port`");
  private static final ConfigKey<Duration> WAIT_LIMIT =
      ConfigKey.named("wait-limit", ConfigType.DURATION)
          .fallback(Duration.ofSeconds(5))
          .check(
              (key, value) -> {
                if (value.compareTo(LONGEST_WAIT) > 0) {
                  throw new IllegalArgumentException("'wait-limit' must be at most 1h");
                }
              })
          .says(
              "how long a read is held for what its client has written, or a write for a primary; at"
                  + " most `1h`");
  private static final ConfigKey<List<String>> WRITE_PATHS =
      ConfigKey.named("write-paths", ConfigType.listOf(ConfigType.TEXT))
          .fallback(List.of())
          .says(
              "globs of paths whose requests write, whatever their method: `[/logout, \"/admin/**\"]`."
                  + " `*` stays within a part of a path, `**` does not");
  private static final ConfigKey<List<String>> READ_PATHS =
      ConfigKey.named("read-paths", ConfigType.listOf(ConfigType.TEXT))
          .fallback(List.of())
          .says("globs of paths whose requests only read, such as `/graphql`; `write-paths` wins");
  private static final ConfigKey<WriteForwarding> WRITE_FORWARDING =
      ConfigKey.named("write-forwarding", ConfigType.oneOf(WriteForwarding.class))
          .fallback(WriteForwarding.PROXY)
          .says(
              "what becomes of a write on a node that is not the primary: `proxy` sends it to the"
                  + " primary's proxy, `fly-replay` has [Fly.io](proxy.md#at-flyio) do that, `none`"
                  + " answers 409");
  private static final ConfigKey<Boolean> RETRY_READS =
      ConfigKey.named("retry-reads", ConfigType.YES_NO)
          .fallback(false)
          .says(
              "whether a `GET` that the application of a follower answers with 503 is tried on the"
                  + " primary");

  static final ConfigKey<Settings> PROXY =
      ConfigKey.named(
              "proxy",
              ConfigType.settings(
                  List.of(
                      LISTEN,
                      APPLICATION,
                      ADVERTISE,
                      WAIT_LIMIT,
                      WRITE_PATHS,
                      READ_PATHS,
                      WRITE_FORWARDING,
                      RETRY_READS),
                  ProxySettings::check))
          .use(ConfigKey.Use.MOUNT)
          .merge(Settings::overriddenBy)
          .fallbackText("none")
          .flag(
              "--proxy",
              "LISTEN=APP",
              "Pass HTTP requests on to the application, such as :8080=127.0.0.1:3000, so that clients"
                  + " read on any node what they wrote: reads wait for that, writes go to the primary.",
              ProxySettings::parse)
          .says(
              "a [proxy before the application](proxy.md), so that clients read on any node what they"
                  + " wrote. `--proxy :8080=127.0.0.1:3000` says the first two keys");

  private static void check(Settings said) {
    if (said.has(LISTEN) != said.has(APPLICATION)) {
      throw new IllegalArgumentException("'proxy' needs both 'listen' and 'application'");
    }
  }

  /** Parses {@code listen=application}, such as {@code :8080=127.0.0.1:3000}. */
  private static Settings parse(String text) {
    int equals = text.indexOf('=');
    if (equals < 0) {
      throw new IllegalArgumentException(
          "'" + text + "' is not like :8080=127.0.0.1:3000, where it listens and the application");
    }
    return Settings.NONE
        .with(LISTEN, ListenAddress.parse(text.substring(0, equals)))
        .with(APPLICATION, ListenAddress.parse(text.substring(equals + 1)));
  }

  /** Whether there is one. */
  boolean isGiven() {
    return said.has(LISTEN);
  }

  /** Where other nodes reach it; null for the host at which they reach the node. */
  @Nullable NodeUrl advertise() {
    return said.find(ADVERTISE);
  }

  /**
   * What is to be started, where one {@link #isGiven}.
   *
   * @param flyRegion of the primary; null outside of Fly.io
   */
  ProxyOptions options(@Nullable String flyRegion) {
    return new ProxyOptions(
        said.get(LISTEN),
        said.get(APPLICATION),
        said.get(WRITE_PATHS),
        said.get(READ_PATHS),
        said.get(WAIT_LIMIT).toMillis(),
        said.get(WRITE_FORWARDING),
        said.get(RETRY_READS),
        flyRegion);
  }
}
