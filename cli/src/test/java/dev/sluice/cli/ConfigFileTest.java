package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.access.Scope;
import dev.sluice.access.TlsFiles;
import dev.sluice.access.TokenGrant;
import dev.sluice.access.TokenSource;
import dev.sluice.access.TrustFiles;
import dev.sluice.monitor.ListenAddress;
import dev.sluice.node.Prices;
import dev.sluice.ship.ShippingPolicy;
import dev.sluice.store.StoreUrl;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class ConfigFileTest {
  private final Path directory;
  private final Path file;

  ConfigFileTest(@TempDir Path directory) {
    this.directory = directory;
    file = directory.resolve("sluice.yml");
  }

  private SluiceConfig read(String... lines) throws IOException {
    Files.write(file, List.of(lines));
    return ConfigFile.read(file, Map.of("BASE", "/backups", "PORT", "4480")::get);
  }

  private void refused(String message, String... lines) {
    assertThatThrownBy(() -> read(lines))
        .isInstanceOf(UserException.class)
        .hasMessage(message.replace("FILE", file.toString()));
  }

  @Test
  void readsAllKeys() throws Exception {
    SluiceConfig config =
        read(
            "# a comment",
            "data: data",
            "mount: /mnt/app",
            "listen: 127.0.0.1:${PORT}",
            "follow: http://10.0.0.2:4480",
            "store: [\"file://${BASE}/all\", /second]",
            "sync-interval: 500ms",
            "levels: [1m, 10m]",
            "snapshot-interval: 6h",
            "retention: 7d",
            "l0-retention: 2m",
            "log-keep: 1GiB",
            "log-limit: 500MiB",
            "verify-interval: 12h",
            "bandwidth: 10MB",
            "prices: {put-per-1000: 0.01, get-per-1000: 0.001, list-per-1000: 0, out-per-gb: 0,"
                + " storage-per-gb-month: 0.02}",
            "tls: {certificate: node.pem, key: node.key, client-ca: ca.pem}",
            "trust: {ca: ca.pem, certificate: node.pem, key: node.key}",
            "tokens: [{scope: read, file: read.token}, {scope: admin, env: ADMIN}]",
            "token: {env: OWN}",
            "insecure: true",
            "low-latency: true",
            "databases:",
            "  - path: shop/app.db",
            "    store: /elsewhere/app",
            "  - path: other.db");
    assertThat(config.data()).isEqualTo(directory.resolve("data"));
    assertThat(config.mount()).isEqualTo(Path.of("/mnt/app"));
    assertThat(config.listen()).isEqualTo(new ListenAddress("127.0.0.1", 4480));
    assertThat(config.follow()).isEqualTo(new NodeUrl(URI.create("http://10.0.0.2:4480")));
    assertThat(config.shipping().policy().syncInterval()).isEqualTo(Duration.ofMillis(500));
    assertThat(config.lowLatency()).isTrue();
    assertThat(config.storesOf("shop/app.db")).containsExactly(StoreUrl.parse("/elsewhere/app"));
    assertThat(config.storesOf("other.db"))
        .containsExactly(
            StoreUrl.parse("file:///backups/all/other.db"), StoreUrl.parse("/second/other.db"));
    assertThat(config.shipping().policy())
        .isEqualTo(
            new ShippingPolicy(
                Duration.ofMillis(500),
                List.of(Duration.ofMinutes(1), Duration.ofMinutes(10)),
                Duration.ofHours(6),
                Duration.ofDays(7),
                Duration.ofMinutes(2)));
    assertThat(config.shipping().pricesOf(StoreUrl.parse("/second")))
        .isEqualTo(new Prices(0.01, 0.001, 0, 0, 0.02));
    assertThat(config.shipping().logKeep().bytes()).isEqualTo(1L << 30);
    assertThat(config.shipping().logLimit().bytes()).isEqualTo(500L << 20);
    assertThat(config.shipping().verifyInterval()).isEqualTo(Duration.ofHours(12));
    assertThat(config.said().get(ShippingSettings.BANDWIDTH).bytes()).isEqualTo(10_000_000);
    Path ca = directory.resolve("ca.pem");
    Path pem = directory.resolve("node.pem");
    Path key = directory.resolve("node.key");
    assertThat(config.said().get(SecuritySettings.TLS)).isEqualTo(new TlsFiles(pem, key, ca));
    assertThat(config.said().get(SecuritySettings.TRUST)).isEqualTo(new TrustFiles(ca, pem, key));
    assertThat(config.said().get(SecuritySettings.TOKENS))
        .containsExactly(
            new TokenGrant(Scope.READ, directory.resolve("read.token"), null),
            new TokenGrant(Scope.ADMIN, null, "ADMIN"));
    assertThat(config.said().get(SecuritySettings.TOKEN)).isEqualTo(new TokenSource(null, "OWN"));
    assertThat(config.said().get(SecuritySettings.INSECURE)).isTrue();
  }

  @Test
  void anEmptyFileSaysNothing() throws Exception {
    assertThat(read("")).isEqualTo(SluiceConfig.EMPTY);
    assertThat(read("# nothing")).isEqualTo(SluiceConfig.EMPTY);
    assertThat(SluiceConfig.EMPTY.shipping().policy()).isEqualTo(ShippingPolicy.DEFAULT);
    assertThat(SluiceConfig.EMPTY.storesOf("x.db")).isEmpty();
  }

  @Test
  void namesUnknownKeys() {
    refused(
        "FILE line 2: unknown key 'stor'; did you mean 'store'?",
        "data: d",
        "stor: /b",
        "mount: m",
        "");
    refused(
        "FILE line 1: unknown key 'syncInterval'; did you mean 'sync-interval'?",
        "syncInterval: 1s");
    refused(
        "FILE line 3: unknown key 'stre'; did you mean 'store'?",
        "databases:",
        "  - path: x.db",
        "    stre: /x");
    refused(
        "FILE line 1: unknown key 'validation'; known are advertise, bandwidth, checkpoint-pages, data, databases,"
            + " durability, durability-followers, durability-on-timeout, durability-timeout, exclude, follow, follower-open, fuse-binding, include,"
            + " insecure, l0-retention, lease, lease-ttl, levels, listen, log-keep, log-limit, low-latency, mount, prices, proxy, retention,"
            + " snapshot-interval, store, sync-interval, tls, token, tokens, trust,"
            + " verify-interval",
        "validation: 1d");
  }

  @Test
  void namesBadValues() {
    String end = "; correct it; docs/configuration.md describes the keys";
    refused(
        "FILE line 2: sync-interval: '5' is not a duration: write a number and a unit, such as"
            + " 500ms, 5s, 1m or 2h"
            + end,
        "data: d",
        "sync-interval: 5");
    refused(
        "FILE line 1: levels: 'levels' must ascend, such as [30s, 5m, 1h], each greater than 0"
            + end,
        "levels: [5m, 30s]");
    refused(
        "FILE line 1: log-limit: '5' is not a size: write a number and a unit, such as 500MiB or"
            + " 4GiB"
            + end,
        "log-limit: 5");
    refused(
        "FILE line 1: sync-interval: 'sync-interval' must be greater than 0" + end,
        "sync-interval: 0s");
    refused(
        "FILE line 1: data: the environment variable 'NO_SUCH' is not set (${NO_SUCH:-text} would stand"
            + " for text then)"
            + end,
        "data: ${NO_SUCH}/d");
    refused("FILE line 1: data: expected one value, not a list or a map" + end, "data: [a, b]");
    assertThatThrownBy(() -> read("data: d", "data: e"))
        .hasMessageContaining("line 2")
        .hasMessageContaining("data");
    assertThatThrownBy(() -> read("databases:", "  - path: ../x.db"))
        .hasMessageContaining("line 2: databases[1]: '../x.db'");
    assertThatThrownBy(() -> read("databases:", "  - store: /x"))
        .hasMessageContaining("line 2: databases[1]: 'path' is missing");
    assertThatThrownBy(() -> read("proxy: {listen: ':8080'}"))
        .hasMessageContaining("'proxy' needs both 'listen' and 'application'");
    assertThatThrownBy(() -> read("proxy: {write-forwarding: mail}"))
        .hasMessageContaining(
            "line 1: proxy.write-forwarding: 'mail' is none of proxy, fly-replay, none");
    assertThatThrownBy(() -> read("data: \"d")).hasMessageContaining("not YAML");
    assertThatThrownBy(() -> read("listen: here")).hasMessageContaining("host:port");
    assertThatThrownBy(() -> read("tokens: [{scope: all, env: X}]"))
        .hasMessageContaining("tokens[1].scope: 'all' is none of read, follow, admin");
    assertThatThrownBy(() -> read("tokens: [{env: X}]")).hasMessageContaining("'scope' is missing");
    assertThatThrownBy(() -> read("tokens: [{scope: read}]"))
        .hasMessageContaining("a 'file' or an 'env', one of the two");
    assertThatThrownBy(() -> read("token: {file: a, env: X}"))
        .hasMessageContaining("a 'file' or an 'env', one of the two");
    assertThatThrownBy(() -> read("tls: {certificate: a}"))
        .hasMessageContaining("tls: 'key' is missing");
    assertThatThrownBy(() -> read("trust: {key: a}")).hasMessageContaining("its certificate");
    assertThatThrownBy(() -> read("tls: {certificate: a, key: b, ca: c}"))
        .hasMessageContaining("unknown key 'ca'");
  }

  @Test
  void referencesAreFilledIn() throws Exception {
    Files.writeString(directory.resolve("secret"), "s3cret\n");
    SluiceConfig config =
        read(
            "data: ${NO_SUCH:-/srv}/d",
            "listen: ${HOST:-127.0.0.1}:${PORT:-1}",
            "mount: $${PORT}",
            "checkpoint-pages: ${PORT}",
            "low-latency: ${NO_SUCH:-true}",
            "store: s3://b/p?secret-access-key=${file:secret}");
    assertThat(config.data()).isEqualTo(Path.of("/srv/d"));
    assertThat(config.listen()).isEqualTo(new ListenAddress("127.0.0.1", 4480));
    assertThat(config.mount()).isEqualTo(directory.resolve("${PORT}"));
    assertThat(config.checkpointPages()).isEqualTo(4480);
    assertThat(config.lowLatency()).isTrue();
    assertThat(config.store()).containsExactly(StoreUrl.parse("s3://b/p?secret-access-key=s3cret"));
    assertThat(config.said().source(SluiceConfig.DATA).where()).isEqualTo("line 1");
    assertThat(config.said().source(SluiceConfig.LISTEN).where())
        .isEqualTo("line 2, environment variable PORT");
    assertThat(config.said().source(SluiceConfig.FOLLOW)).isEqualTo(ConfigSource.DEFAULT);
    assertThatThrownBy(() -> read("retention: ${file:secret}"))
        .hasMessageContaining("line 1: retention: what ${file:secret} stands for makes no sense")
        .hasMessageNotContaining("s3cret");
    assertThatThrownBy(() -> read("retention: ${file:no}"))
        .hasMessageContaining("'no' can't be read:");
  }

  @Test
  void allFaultsAreFound() throws Exception {
    Files.write(file, List.of("dat: d", "retention: soon", "levels: [1m, x]", "store: /b"));
    ConfigFile.Reading reading = ConfigFile.readAll(file, name -> null);
    assertThat(reading.faults()).extracting(ConfigFault::line).containsExactly(1, 2, 3);
    assertThat(reading.config().store()).containsExactly(StoreUrl.parse("/b"));
  }

  /** What flags say of the file. */
  private static SluiceConfig flags(String command, Object... words) throws IOException {
    CommandLine sluice = Sluice.commandLine();
    CommandLine mount = Objects.requireNonNull(sluice.getSubcommands().get(command));
    sluice.parseArgs(
        Stream.concat(Stream.of(command), Stream.of(words).map(String::valueOf))
            .toArray(String[]::new));
    Object mixed = mount.getCommandSpec().mixins().values().iterator().next().userObject();
    return ((NodeOptions) mixed).resolve(Settings.NONE.with(SluiceConfig.MOUNT, Path.of("/mnt")));
  }

  @Test
  void flagsWin() throws Exception {
    Files.writeString(
        file,
        """
        data: d
        store: /keys
        sync-interval: 9s
        verify-interval: 1h
        proxy: {listen: ':1', application: ':2', wait-limit: 9s}
        trust: {ca: ca.pem}
        """);
    SluiceConfig config =
        flags(
            "mount",
            "--config",
            file,
            "--store",
            "/flags",
            "--store",
            "/more",
            "--bandwidth",
            "1MiB",
            "--verify-interval",
            "0s",
            "--levels",
            "1m,2m",
            "--no-low-latency",
            "--insecure",
            "--proxy",
            ":8080=127.0.0.1:3000",
            "--certificate",
            "c.pem",
            "--key",
            "c.key");
    assertThat(config.store()).containsExactly(StoreUrl.parse("/flags"), StoreUrl.parse("/more"));
    assertThat(config.data()).isEqualTo(directory.resolve("d"));
    assertThat(config.mount()).isEqualTo(Path.of("/mnt"));
    assertThat(config.shipping().policy().syncInterval()).isEqualTo(Duration.ofSeconds(9));
    assertThat(config.shipping().policy().levels())
        .containsExactly(Duration.ofMinutes(1), Duration.ofMinutes(2));
    assertThat(config.said().get(ShippingSettings.BANDWIDTH)).isEqualTo(new ByteSize(1 << 20));
    assertThat(config.said().source(ShippingSettings.BANDWIDTH))
        .isEqualTo(ConfigSource.flag("--bandwidth"));
    assertThat(config.shipping().verifyInterval()).isEqualTo(Duration.ZERO);
    assertThat(config.lowLatency()).isFalse();
    assertThat(config.said().get(SecuritySettings.INSECURE)).isTrue();
    assertThat(config.proxy().options(null).listen()).isEqualTo(new ListenAddress("", 8080));
    assertThat(config.proxy().options(null).waitLimitMillis()).isEqualTo(9_000);
    assertThat(config.said().get(SecuritySettings.TRUST))
        .isEqualTo(new TrustFiles(directory.resolve("ca.pem"), Path.of("c.pem"), Path.of("c.key")));
    assertThat(flags("mount", "--low-latency").lowLatency()).isTrue();
    assertThat(flags("replicate", "--include", "a", "--include", "b").include())
        .containsExactly("a", "b");
  }

  @Test
  void badFlagsAreNamed() {
    Run.sluice("mount", "--sync-interval", "5", "m")
        .fails(
            2,
            "invalid value for option '--sync-interval': '5' is not a duration: write a number and a"
                + " unit, such as 500ms, 5s, 1m or 2h; 'sluice mount --help' shows the usage");
    Run.sluice("mount", "--levels", "5m,1m", "m")
        .fails(
            2,
            "invalid value for option '--levels': 'levels' must ascend, such as [30s, 5m, 1h], each"
                + " greater than 0; 'sluice mount --help' shows the usage");
    Run.sluice("mount", "--follow", "h:1", "--lease", "/l", "m")
        .fails(
            2,
            "'follow' and 'lease': the lease says whom to follow; give one of them; 'sluice mount"
                + " --help' shows the usage");
  }

  @Test
  void durationsHaveUnits() {
    assertThat(Durations.parse("1m30s")).isEqualTo(Duration.ofSeconds(90));
    assertThat(Durations.parse(" 2 h ")).isEqualTo(Duration.ofHours(2));
    assertThat(Durations.parse("1d")).isEqualTo(Duration.ofDays(1));
    for (String bad : List.of("", "5", "s", "1 fortnight", "-1s", "1s x")) {
      assertThatThrownBy(() -> Durations.parse(bad)).hasMessageContaining("'" + bad + "'");
    }
  }

  @Test
  void whatIsWrittenIsReadAgain() {
    for (String text : List.of("0kB", "10MB", "4GiB", "1500kB", "1TB", "3KiB", "1025KiB")) {
      assertThat(ByteSize.parse(text)).hasToString(text);
    }
    assertThat(ByteSize.parse("1024MiB")).hasToString("1GiB");
    assertThat(ByteSize.parse("128000kB")).hasToString("128MB");
    assertThatThrownBy(() -> ByteSize.parse("999999999999TB")).hasMessageContaining("any disk");
    for (String text : List.of("0s", "250ms", "90s", "5m", "36h")) {
      assertThat(Durations.text(Durations.parse(text))).isEqualTo(text);
    }
    assertThat(Durations.text(Duration.ofDays(2))).isEqualTo("48h");
  }
}
