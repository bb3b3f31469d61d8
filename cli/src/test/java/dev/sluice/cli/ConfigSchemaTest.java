package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An editor that knows the schema takes what Sluice takes, and marks what Sluice refuses. */
final class ConfigSchemaTest {
  private static final JsonNode TREE = new ObjectMapper().valueToTree(ConfigSchema.whole());
  private static final JsonSchema SCHEMA =
      JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V7).getSchema(TREE);

  private static Set<ValidationMessage> faults(String yaml) throws Exception {
    return SCHEMA.validate(new YAMLMapper().readTree(yaml));
  }

  @Test
  void takesWhatSluiceTakes(@TempDir Path directory) throws Exception {
    String yaml =
        """
        data: /d
        mount: ${MNT:-/mnt}
        listen: :4480
        store: [/a, "s3://b/p?region=r"]
        sync-interval: 1500ms
        levels: [1m, 10m]
        bandwidth: ${BANDWIDTH:-10MB}
        log-keep: 1GiB
        prices: {put-per-1000: 0.01}
        tls: {certificate: c.pem, key: c.key}
        tokens: [{scope: read, file: /read.token}, {scope: admin, env: ADMIN_TOKEN}]
        low-latency: false
        insecure: ${INSECURE:-true}
        durability: async
        follower-open: read-only
        include: ["**.db", "12"]
        checkpoint-pages: 2000
        log-level: debug
        proxy: {listen: ":8080", application: "127.0.0.1:3000", wait-limit: 2s, retry-reads: true}
        databases: [{path: shop/app.db, store: /x}, {path: "1.5"}]
        """;
    assertThat(faults(yaml)).isEmpty();
    Path file = Files.writeString(directory.resolve("sluice.yml"), yaml);
    assertThat(ConfigFile.readAll(file, name -> null).faults()).isEmpty();
    Files.writeString(file, "store: /b\n");
    String shown = Run.sluice("config", "show", file).ok().out();
    assertThat(faults(shown)).isEmpty();
  }

  @Test
  void marksWhatSluiceRefuses(@TempDir Path directory) throws Exception {
    Path file = directory.resolve("sluice.yml");
    for (String yaml :
        new String[] {
          "dat: d",
          "sync-interval: 5",
          "bandwidth: much",
          "levels: 5m",
          "durability: all",
          "checkpoint-pages: 0",
          "insecure: perhaps",
          "data: [a]",
          "tls: {certificate: c}",
          "tokens: [{file: x}]",
          "databases: [{store: /x}]",
          "proxy: {lisen: ':1'}"
        }) {
      assertThat(faults(yaml)).as(yaml).isNotEmpty();
      Files.writeString(file, yaml + "\n");
      assertThat(ConfigFile.readAll(file, name -> null).faults()).as(yaml).isNotEmpty();
    }
  }
}
