package dev.sluice.cli;

import java.io.IOException;
import picocli.CommandLine.Command;

@Command(
    name = "schema",
    description = {
      "Print the JSON schema of a configuration, with which editors complete keys and mark mistakes.",
      "The same is in docs/sluice.schema.json; docs/configuration.md says how editors find it.",
    },
    footerHeading = "%nExample:%n",
    footer = "  sluice config schema > sluice.schema.json")
final class ConfigSchemaCommand extends CliCommand {
  @Override
  public Integer call() throws IOException {
    Show.json(out(), ConfigSchema.whole());
    return ExitStatus.OK;
  }
}
