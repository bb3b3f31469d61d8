package dev.sluice.cli;

import picocli.CommandLine.Command;

@Command(
    name = "config",
    description =
        "Check a configuration, show what is in effect, give editors its schema, or make one from Litestream's.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      ConfigImportCommand.class,
      ConfigCheckCommand.class,
      ConfigShowCommand.class,
      ConfigSchemaCommand.class,
      ConfigDocsCommand.class
    },
    footerHeading = "%nExample:%n",
    footer = "  sluice config import /etc/litestream.yml -o sluice.yml")
final class ConfigCommand extends CliCommand {
  @Override
  public Integer call() {
    return showUsage();
  }
}
