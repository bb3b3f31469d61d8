package dev.sluice.cli;

import picocli.CommandLine.Command;

@Command(
    name = "ltx",
    description = "Look into LTX files, the unit of replication and backup, and work with them.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      LtxListCommand.class,
      LtxDumpCommand.class,
      LtxVerifyCommand.class,
      LtxChecksumCommand.class,
      LtxApplyCommand.class,
      LtxEncodeCommand.class,
      LtxCompactCommand.class,
    },
    footerHeading = "%nExample:%n",
    footer = "  sluice ltx list /backups/shop/app.db/ltx/0/*.ltx")
final class LtxCommand extends CliCommand {
  @Override
  public Integer call() {
    return showUsage();
  }
}
