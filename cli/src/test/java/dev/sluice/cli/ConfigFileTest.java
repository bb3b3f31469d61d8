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
import java.util.stream.Collectors;
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
    assertThat(config.shipping().logKeepOrDefault().bytes()).isEqualTo(1L << 30);
    assertThat(config.shipping().logLimitOrDefault().bytes()).isEqualTo(500L << 20);
    assertThat(config.shipping().verifyIntervalOrDefault()).isEqualTo(Duration.ofHours(12));
    assertThat(config.shipping().bandwidthOrDefault().bytes()).isEqualTo(10_000_000);
    Path ca = directory.resolve("ca.pem");
    Path pem = directory.resolve("node.pem");
    Path key = directory.resolve("node.key");
    assertThat(config.security())
        .isEqualTo(
            new SecuritySettings(
                new TlsFiles(pem, key, ca),
                new TrustFiles(ca, pem, key),
                List.of(
                    new TokenGrant(Scope.READ, directory.resolve("read.token"), null),
                    new TokenGrant(Scope.ADMIN, null, "ADMIN")),
                new TokenSource(null, "OWN"),
                true));
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
        "FILE line 1: unknown key 'validation'; known are advertise, backup-objective, bandwidth, checkpoint-pages, data, databases,"
            + " durability, durability-followers, durability-on-timeout, durability-timeout, exclude, follow, follower-open, fuse-binding, include,"
            + " insecure, l0-retention, lag-objective, lease, lease-ttl, levels, listen, log-keep, log-limit, low-latency, metrics-databases, min-free, mount, on-event, prices, proxy, retention,"
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
        "FILE: 'levels' must ascend, such as [30s, 5m, 1h], each greater than 0" + end,
        "levels: [5m, 30s]");
    refused(
        "FILE line 1: log-limit: '5' is not a size: write a number and a unit, such as 500MiB or"
            + " 4GiB"
            + end,
        "log-limit: 5");
    refused("FILE: 'sync-interval' must be greater than 0" + end, "sync-interval: 0s");
    refused(
        "FILE line 1: data: the environment variable 'NO_SUCH' is not set" + end,
        "data: ${NO_SUCH}/d");
    refused("FILE line 1: data: expected one value, not a list or a map" + end, "data: [a, b]");
    assertThatThrownBy(() -> read("data: d", "data: e"))
        .hasMessageContaining("line 2")
        .hasMessageContaining("data");
    assertThatThrownBy(() -> read("databases:", "  - path: ../x.db"))
        .hasMessageContaining("line 2: databases[1]: '../x.db'");
    assertThatThrownBy(() -> read("databases:", "  - store: /x"))
        .hasMessageContaining("has no 'path'");
    assertThatThrownBy(() -> read("proxy: {listen: ':8080'}"))
        .hasMessageContaining("'proxy' needs both 'listen' and 'application'");
    assertThatThrownBy(() -> read("proxy: {write-forwarding: mail}"))
        .hasMessageContaining("there are proxy, fly-replay, none");
    assertThatThrownBy(() -> read("data: \"d")).hasMessageContaining("not YAML");
    assertThatThrownBy(() -> read("listen: here")).hasMessageContaining("host:port");
    assertThatThrownBy(() -> read("tokens: [{scope: all, env: X}]"))
        .hasMessageContaining("'all' is not a scope; there are read, follow, admin");
    assertThatThrownBy(() -> read("tokens: [{env: X}]")).hasMessageContaining("has no 'scope'");
    assertThatThrownBy(() -> read("tokens: [{scope: read}]"))
        .hasMessageContaining("a 'file' or an 'env', one of the two");
    assertThatThrownBy(() -> read("token: {file: a, env: X}"))
        .hasMessageContaining("a 'file' or an 'env', one of the two");
    assertThatThrownBy(() -> read("tls: {certificate: a}"))
        .hasMessageContaining("'tls' has a 'certificate' and a 'key', both");
    assertThatThrownBy(() -> read("trust: {key: a}")).hasMessageContaining("its certificate");
    assertThatThrownBy(() -> read("tls: {certificate: a, key: b, ca: c}"))
        .hasMessageContaining("unknown key 'ca'");
  }

  @Test
  void flagsWin() throws Exception {
    Files.writeString(file, "data: d\nstore: /keys\nsync-interval: 9s\nverify-interval: 1h\n");
    NodeOptions options = new NodeOptions();
    new CommandLine(options)
        .parseArgs(
            "--config",
            file.toString(),
            "--store",
            "/flags",
            "--store",
            "/more",
            "--bandwidth",
            "1MiB",
            "--verify-interval",
            "0s");
    SluiceConfig config =
        options.resolve(
            SluiceConfig.ofMount(
                Path.of("/mnt"),
                null,
                ClusterSettings.EMPTY,
                null,
                null,
                null,
                ProxySettings.EMPTY));
    assertThat(config.store()).containsExactly(StoreUrl.parse("/flags"), StoreUrl.parse("/more"));
    assertThat(config.data()).isEqualTo(directory.resolve("d"));
    assertThat(config.mount()).isEqualTo(Path.of("/mnt"));
    assertThat(config.shipping().syncInterval()).isEqualTo(Duration.ofSeconds(9));
    assertThat(config.shipping().bandwidthOrDefault()).isEqualTo(new ByteSize(1 << 20));
    assertThat(config.shipping().verifyIntervalOrDefault()).isEqualTo(Duration.ZERO);
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

  /** The documentation has all keys. */
  @Test
  void everyKeyIsDocumented() throws Exception {
    String documented = Files.readString(Path.of("../docs/configuration.md"));
    String known =
        List.of(
                "data",
                "mount",
                "listen",
                "follow",
                "store",
                "sync-interval",
                "levels",
                "snapshot-interval",
                "retention",
                "l0-retention",
                "log-keep",
                "log-limit",
                "verify-interval",
                "bandwidth",
                "prices",
                "tls",
                "trust",
                "tokens",
                "token",
                "insecure",
                "low-latency",
                "follower-open",
                "proxy",
                "application",
                "write-paths",
                "read-paths",
                "wait-limit",
                "write-forwarding",
                "retry-reads",
                "databases")
            .stream()
            .filter(key -> !documented.contains("`" + key + "`"))
            .collect(Collectors.joining());
    assertThat(known).isEmpty();
  }
}
