package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ConfigShowTest {
  private final Path directory;
  private final Path file;

  ConfigShowTest(@TempDir Path directory) {
    this.directory = directory;
    file = directory.resolve("sluice.yml");
  }

  /** What is shown of a file; that it is a configuration, and shows itself. */
  private String shown(String text) throws Exception {
    Files.writeString(file, text);
    String shown = Run.sluice("config", "show", file).ok().out();
    Path again = Files.writeString(directory.resolve("again.yml"), shown);
    assertThat(Run.sluice("config", "check", again).out()).endsWith(": ok\n");
    String values = shown.replaceAll(" +# .*\n", "\n");
    assertThat(Run.sluice("config", "show", again).ok().out().replaceAll(" +# .*\n", "\n"))
        .isEqualTo(values);
    return values;
  }

  @Test
  void defaultsAreFilledIn() throws Exception {
    assertThat(shown("data: d\nstore: /backups\n"))
        .isEqualTo(
            """
            data: %s/d
            lease-ttl: 10s
            durability: async
            durability-followers: 1
            durability-timeout: 5s
            durability-on-timeout: refuse
            store: file:///backups
            sync-interval: 1s
            levels:
              - 30s
              - 5m
              - 1h
            snapshot-interval: 24h
            retention: 24h
            l0-retention: 5m
            log-keep: 64MiB
            log-limit: 4GiB
            verify-interval: 0s
            bandwidth: 0kB
            fuse-binding: device
            follower-open: read-write
            include: []
            exclude: []
            checkpoint-pages: 1000
            tokens: []
            insecure: false
            databases: []
            """
                .formatted(directory));
  }

  @Test
  void everyKeyIsShownAndReadAgain() throws Exception {
    String text =
        """
        data: "/var/lib/a #1: b"
        mount: /mnt
        listen: :4480
        follow: http://10.0.0.2:4480
        store: [/a, "s3://b/p?region=r"]
        sync-interval: 1500ms
        levels: []
        snapshot-interval: 6h
        retention: 7d
        l0-retention: 2m
        verify-interval: 1d
        bandwidth: 10MB
        log-keep: 1GiB
        log-limit: 500MiB
        prices: {put-per-1000: 0.01, get-per-1000: 0.001, list-per-1000: 0, out-per-gb: 0, storage-per-gb-month: 0.02}
        tls: {certificate: /c.pem, key: /c.key, client-ca: /ca.pem}
        trust: {ca: /ca.pem, certificate: /c.pem, key: /c.key}
        tokens: [{scope: read, file: /read.token}, {scope: admin, env: ADMIN_TOKEN}]
        token: {file: /follow.token}
        insecure: true
        fuse-binding: jnr-fuse
        low-latency: false
        follower-open: read-only
        include: ["**.db", "12"]
        exclude: ["*.tmp", "yes"]
        checkpoint-pages: 2000
        proxy:
          listen: :8080
          application: 127.0.0.1:3000
          advertise: http://10.0.0.1:8080
          write-paths: ["/admin/**"]
          read-paths: ["/graphql"]
          wait-limit: 2s
          write-forwarding: fly-replay
          retry-reads: true
        databases:
          - path: shop/app.db
            store: [/x, /y]
          - path: "1.5"
        """;
    String shown = shown(text);
    assertThat(shown).contains("\nverify-interval: 24h\nbandwidth: 10MB\n", "      - file:///x\n");
    Path again = directory.resolve("again.yml");
    Settings first = ConfigFile.read(file, Map.<String, String>of()::get).said();
    Settings second = ConfigFile.read(again, Map.<String, String>of()::get).said();
    for (ConfigKey<?> key : SluiceConfig.KEYS) {
      assertThat((Object) second.find(key)).as(key.name()).isEqualTo(first.find(key));
    }
  }

  @Test
  void whereEachComesFromIsShown() throws Exception {
    Files.writeString(file, "data: ${HOME}/d\nretention: 7d\nlease: /l\ndurability: follower\n");
    Run shown = Run.sluice("config", "show", file, "--levels", "1m");
    assertThat(shown.lines())
        .contains(
            "lease: /l                               # line 3",
            "lease-ttl: 10s                          # default",
            "durability: follower                    # line 4",
            "levels:                                 # --levels");
    assertThat(shown.out()).matches("(?s)data: /\\S+/d +# line 1, environment variable HOME\n.*");
    JsonNode json = Run.sluice("config", "show", "--json", "--config", file).ok().json();
    assertThat(json.at("/retention/value").asText()).isEqualTo("168h");
    assertThat(json.at("/retention/source").asText()).isEqualTo("file");
    assertThat(json.at("/data/source").asText()).isEqualTo("environment");
    assertThat(json.at("/bandwidth/source").asText()).isEqualTo("default");
  }

  @Test
  void secretsAreMasked() throws Exception {
    assertThat(
            shown(
                """
                store: s3://b/p?secret-access-key=hidden&region=r
                databases:
                  - path: a.db
                    store: s3://b/q?endpoint=http://key:hidden@host:9000
                """))
        .contains(
            "store: s3://b/p?secret-access-key=***&region=r\n",
            "    store: s3://b/q?endpoint=http://***@host:9000\n")
        .doesNotContain("hidden");
    Files.writeString(file, "follow: http://u:hidden@h\n");
    assertThat(Run.sluice("config", "show", file).err())
        .contains("holds a user")
        .doesNotContain("hidden");
    Files.writeString(file, "store: sftp://u:hidden@h/x\n");
    assertThat(Run.sluice("config", "show", file).err())
        .contains("holds a password")
        .doesNotContain("hidden");
  }
}
