package dev.sluice.cli;

import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
    name = "help",
    description = "Show how to use a command.",
    footerHeading = "%nExample:%n",
    footer = "  sluice help ltx apply")
final class HelpCommand extends CliCommand {
  @Parameters(arity = "0..*", paramLabel = "COMMAND", description = "The command, and its own.")
  private List<String> path = List.of();

  @Override
  public Integer call() {
    CommandLine command = spec().root().commandLine();
    for (String name : path) {
      CommandLine next = command.getSubcommands().get(name);
      if (next == null) {
        throw usage(
            "'" + command.getCommandSpec().qualifiedName() + "' has no command '" + name + "'");
      }
      command = next;
    }
    command.usage(out());
    return ExitStatus.OK;
  }
}
