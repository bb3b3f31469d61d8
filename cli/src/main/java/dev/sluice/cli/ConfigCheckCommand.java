package dev.sluice.cli;

import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
    name = "check",
    description = "Check that every key of a configuration is known and every value makes sense.",
    footerHeading = "%nExample:%n",
    footer = "  sluice config check sluice.yml")
final class ConfigCheckCommand extends CliCommand {
  @Parameters(paramLabel = "FILE", description = "The configuration.")
  private Path file = Path.of("");

  @Override
  public Integer call() throws IOException {
    ConfigFile.read(file, System::getenv);
    out().println(file + ": ok");
    return ExitStatus.OK;
  }
}
