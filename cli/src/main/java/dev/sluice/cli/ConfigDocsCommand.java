package dev.sluice.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** For those who change keys. */
@Command(
    name = "docs",
    hidden = true,
    description = "Make the tables of the page that documents the configuration anew.",
    footerHeading = "%nExample:%n",
    footer = "  sluice config docs docs/configuration.md")
final class ConfigDocsCommand extends CliCommand {
  @Parameters(paramLabel = "PAGE", description = "The page, docs/configuration.md.")
  private Path page = Path.of("");

  @Override
  public Integer call() throws IOException {
    try {
      Files.writeString(page, ConfigDocs.updated(Files.readString(page)));
    } catch (IllegalArgumentException e) {
      throw new UserException(page + ": " + e.getMessage(), "give docs/configuration.md", e);
    }
    out().println(page + " is written");
    return ExitStatus.OK;
  }
}
