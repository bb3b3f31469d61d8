package dev.sluice.cli;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "show",
    description = {
      "Print the configuration in effect, and where each setting comes from: variables and defaults are filled in,"
          + " paths are absolute.",
      "Secrets are shown as ***. What has no value and no default is left out. Takes the flags of 'sluice mount' and"
          + " 'sluice replicate', too.",
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  sluice config show sluice.yml",
      "  sluice config show sluice.yml --retention 7d --json",
    })
final class ConfigShowCommand extends CliCommand {
  @Mixin private NodeOptions options = new NodeOptions();

  @Parameters(
      arity = "0..1",
      paramLabel = "FILE",
      description = "The configuration; as --config FILE (default: none, the flags only).")
  private @Nullable Path file;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    if (file != null && options.file() != null) {
      throw usage("a file and --config: give one of them");
    }
    SluiceConfig config = options.resolve(file, Settings.NONE);
    if (json) {
      Show.json(out(), ConfigText.fields(config));
    } else {
      out().print(ConfigText.of(config));
      out().flush();
    }
    return ExitStatus.OK;
  }
}
