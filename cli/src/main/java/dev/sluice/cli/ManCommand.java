package dev.sluice.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "man",
    description = {
      "Print the manual page of a command, in roff.",
      "Installed packages have them all: 'man sluice-mount'.",
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  sluice man mount | man -l -",
      "  sluice man --all /usr/share/man/man1",
    })
final class ManCommand extends CliCommand {
  @Parameters(arity = "0..*", paramLabel = "COMMAND", description = "The command, and its own.")
  private List<String> path = List.of();

  @Option(
      names = "--all",
      paramLabel = "DIR",
      description = "Write the pages of all commands into this directory.")
  private @Nullable Path all;

  @Override
  public Integer call() throws IOException {
    // This process may know only the command that it was called with.
    CommandLine root = Sluice.commandLine();
    String version = VersionCommand.sluiceVersion();
    if (all != null) {
      Files.createDirectories(all);
      for (CommandSpec command : CommandTree.all(root)) {
        Files.writeString(all.resolve(ManPage.name(command) + ".1"), ManPage.of(command, version));
      }
      return ExitStatus.OK;
    }
    CommandLine command = root;
    for (String name : path) {
      CommandLine next = command.getSubcommands().get(name);
      if (next == null) {
        throw usage(
            "'" + command.getCommandSpec().qualifiedName() + "' has no command '" + name + "'");
      }
      command = next;
    }
    out().print(ManPage.of(command.getCommandSpec(), version));
    out().flush();
    return ExitStatus.OK;
  }
}
