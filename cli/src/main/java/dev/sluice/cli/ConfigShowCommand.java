package dev.sluice.cli;

import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
    name = "show",
    description = {
      "Print the configuration in effect: variables and defaults are filled in, paths are absolute.",
      "Secrets are shown as ***. What has no value and no default is left out.",
    },
    footerHeading = "%nExample:%n",
    footer = "  sluice config show sluice.yml")
final class ConfigShowCommand extends CliCommand {
  @Parameters(paramLabel = "FILE", description = "The configuration.")
  private Path file = Path.of("");

  @Override
  public Integer call() throws IOException {
    out().print(ConfigText.of(ConfigFile.read(file, System::getenv)));
    out().flush();
    return ExitStatus.OK;
  }
}
