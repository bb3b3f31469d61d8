package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ConfigImportTest {
  private final Path directory;
  private final Path litestream;

  ConfigImportTest(@TempDir Path directory) {
    this.directory = directory;
    litestream = directory.resolve("litestream.yml");
  }

  private String imported(String text) throws Exception {
    Files.writeString(litestream, text);
    return Run.sluice("config", "import", litestream).ok().out();
  }

  @Test
  void translatesOneDatabase() throws Exception {
    assertThat(
            imported(
                """
                dbs:
                  - path: /var/lib/shop/app.db
                    replica:
                      url: s3://bucket/app
                """))
        .isEqualTo(
            """
            # Made from litestream.yml.
            data: /var/lib/shop
            include:
              - app.db
            databases:
              - path: app.db
                store: s3://bucket/app
            """);
  }

  @Test
  void translatesEveryKindOfKey() throws Exception {
    String yaml =
        imported(
            """
            addr: ":9090"
            region: eu-central-1
            snapshot: {interval: 12h, retention: 168h}
            levels: [{interval: 1m}, {interval: 1h30m}]
            l0-retention: 5m
            validation: {interval: 6h}
            dbs:
              - path: $BASE/app.db
                min-checkpoint-page-count: 2000
                replica:
                  type: s3
                  bucket: ${BUCKET}
                  path: /shop/app/
                  endpoint: http://minio:9000
                  force-path-style: true
                  sse-kms-key-id: key-1
                  sync-interval: 1500ms
              - path: $BASE/audit/log.db
                replicas:
                  - url: s3://bucket2.nyc3.digitaloceanspaces.com/log
                  - path: ~/backup
                  - url: sftp://joe:secret@host:22/backups
            """);
    Path written = Files.writeString(directory.resolve("sluice.yml"), yaml);
    // With the variables that it takes from the environment.
    SluiceConfig config = ConfigFile.read(written, name -> name.equals("BUCKET") ? "bucket" : "/x");
    assertThat(config.storesOf("audit/log.db")).hasSize(3);
    assertThat(config.shipping().verifyInterval()).isEqualTo(Duration.ofHours(6));
    assertThat(yaml)
        .contains(
            "\ndata: \"${BASE}\"\n",
            "\nlisten: :9090\n",
            "\nlevels:\n  - 1m\n  - 90m\n",
            "\nl0-retention: 5m\n",
            "\nsync-interval: 1500ms\n",
            "\nverify-interval: 6h\n",
            "\nsnapshot-interval: 12h\n",
            "\nretention: 168h\n",
            "\ncheckpoint-pages: 2000\n",
            "\ninclude:\n  - app.db\n  - audit/log.db\n",
            "s3://${BUCKET}/shop/app?endpoint=http://minio:9000&region=eu-central-1"
                + "&path-style=true&sse=aws:kms&sse-kms-key-id=key-1\"\n",
            "      - s3://bucket2/log?endpoint=https://nyc3.digitaloceanspaces.com"
                + "&region=eu-central-1\n",
            "      - \"file://${HOME}/backup\"\n",
            "      - sftp://joe@host:22/backups\n")
        .doesNotContain("secret");
  }

  @Test
  void variablesStayAsTheyAreWritten() throws Exception {
    String yaml =
        imported(
            """
            dbs:
              - path: ${PWD}/data/app.db
                replicas:
                  - url: file://${PWD}/backup/app
                  - url: file://$PWD/backup2
                  - url: file://${BACKUPS}
                  - url: file:///mnt/${NAME}/app
                  - path: ${PWD}/backup3
                  - url: ${REPLICA_URL}
              - path: $PWD/data/audit.db
                replica: file://$PWD/audit
            """);
    assertThat(yaml)
        .contains(
            "# - url ${REPLICA_URL}: taken as it is",
            "\ndata: \"${PWD}/data\"\n",
            "- \"file://${PWD}/backup/app\"\n",
            "- \"file://${PWD}/backup2\"\n",
            "- \"file://${BACKUPS}\"\n",
            "- \"file:///mnt/${NAME}/app\"\n",
            "- \"file://${PWD}/backup3\"\n",
            "- \"${REPLICA_URL}\"\n",
            "store: \"file://${PWD}/audit\"\n");
    Path written = Files.writeString(directory.resolve("sluice.yml"), yaml);
    SluiceConfig config =
        ConfigFile.read(
            written, name -> name.equals("REPLICA_URL") ? "s3://bucket/app" : "/" + name);
    assertThat(config.data()).isEqualTo(Path.of("/PWD/data"));
    assertThat(config.storesOf("app.db"))
        .extracting(Object::toString)
        .containsExactly(
            "file:///PWD/backup/app",
            "file:///PWD/backup2",
            "file:///BACKUPS",
            "file:///mnt//NAME/app",
            "file:///PWD/backup3",
            "s3://bucket/app");
  }

  @Test
  void whereAVariableHidesTheDirectoryItSaysWhatToWrite() throws Exception {
    Files.writeString(litestream, "dbs: [{path: $DB, replica: {url: 'file:///b'}}]");
    assertThat(Run.sluice("config", "import", litestream).err())
        .contains("'${DB}' does not say where the directory of the database ends");
    Files.writeString(litestream, "dbs: [{path: $A/a.db}, {path: /b/b.db}]");
    assertThat(Run.sluice("config", "import", litestream).err())
        .contains("which directory '${A}' and '/b' have in common");
  }

  @Test
  void aDirectoryIsIncludedByItsPattern() throws Exception {
    assertThat(
            imported(
                """
                dbs:
                  - dir: /data/tenants
                    pattern: "*.db"
                    recursive: true
                    watch: true
                    replica: {type: file, path: /backup/tenants}
                """))
        .endsWith(
            """
            data: /data/tenants
            store: file:///backup/tenants
            include:
              - '*.db'
              - '**/*.db'
            """);
  }

  @Test
  void whatHasNoEquivalentIsNamedAndSecretsAreNotCopied() throws Exception {
    String yaml =
        imported(
            """
            access-key-id: AKIA123
            secret-access-key: verysecret
            exec: node server.js
            frobnicate: 7
            heartbeat-url: https://example.com/x
            logging: {level: debug}
            dbs:
              - path: /a/app.db
                meta-path: /tmp/meta
                restore-if-db-not-exists: true
                replica:
                  type: nats
                  url: nats://host/bucket
                  seed: SUSECRET
                  age: {recipients: [age1x]}
                  part-size: 5MB
            """);
    assertThat(yaml)
        .contains(
            "# - access-key-id: not copied",
            "set AWS_ACCESS_KEY_ID",
            "# - secret-access-key: not copied",
            "# - exec: run 'sluice replicate --config FILE -- COMMAND'",
            "# - frobnicate: no equivalent",
            "# - heartbeat-url: ",
            "# - logging: ",
            "# - meta-path: ",
            "# - restore-if-db-not-exists: run 'sluice restore",
            "# - type nats: Sluice has no such store",
            "# - seed: ",
            "# - age: not encrypted by Sluice",
            "# - part-size: ")
        .doesNotContain("verysecret", "AKIA123", "SUSECRET");
  }

  @Test
  void writesAFileOnce() throws Exception {
    imported("dbs: [{path: /a/app.db, replica: {url: 'file:///b'}}]");
    Path out = directory.resolve("sluice.yml");
    assertThat(Run.sluice("config", "import", litestream, "-o", out).ok().out())
        .startsWith(out + " is written");
    assertThat(out).content().contains("data: /a\n");
    assertThat(Run.sluice("config", "import", litestream, "-o", out).err())
        .contains("exists already");
  }

  @Test
  void refusesWhatIsNoConfiguration() throws Exception {
    Files.writeString(litestream, "dbs: [");
    assertThat(Run.sluice("config", "import", litestream).err()).contains("not YAML");
    Files.writeString(litestream, "data: x");
    assertThat(Run.sluice("config", "import", litestream).err()).contains("no list 'dbs'");
    Files.writeString(litestream, "dbs: [{path: /a.db, replica: {url: x}}]");
    assertThat(Run.sluice("config", "import", litestream).err()).contains("not the URL of a");
    Files.writeString(litestream, "dbs: [{path: /a.db}]\nl0-retention: soon");
    assertThat(Run.sluice("config", "import", litestream).err()).contains("not a duration");
  }

  @Test
  void checksAConfiguration() throws Exception {
    Path file = Files.writeString(directory.resolve("sluice.yml"), "data: x\n");
    assertThat(Run.sluice("config", "check", file).ok().out()).isEqualTo(file + ": ok\n");
    Files.writeString(file, "dat: x\n");
    assertThat(Run.sluice("config", "check", file).err()).contains("did you mean 'data'?");
  }
}
