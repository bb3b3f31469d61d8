package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What is made of the keys is as if made now. */
final class ConfigPagesTest {
  private static final Path DOCS = Path.of("../docs");

  @Test
  void thePageHasTheKeys() throws Exception {
    String page = Files.readString(DOCS.resolve("configuration.md"));
    assertThat(ConfigDocs.updated(page))
        .as("make it anew: ./sluice config docs docs/configuration.md")
        .isEqualTo(page);
  }

  @Test
  void theSchemaHasTheKeys() throws Exception {
    assertThat(Run.sluice("config", "schema").ok().out())
        .as("make it anew: ./sluice config schema > docs/sluice.schema.json")
        .isEqualTo(Files.readString(DOCS.resolve("sluice.schema.json")));
  }
}
