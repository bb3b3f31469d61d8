package dev.sluice.cli;

import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
    name = "completion",
    description = {
      "Print a script with which a shell completes commands and flags.",
      "For good: 'sluice completion bash > /etc/bash_completion.d/sluice', or fish's"
          + " 'sluice completion fish > ~/.config/fish/completions/sluice.fish'; for zsh, put the line"
          + " 'source <(sluice completion zsh)' into ~/.zshrc.",
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  sluice completion bash",
      "  sluice completion zsh",
      "  sluice completion fish",
    })
final class CompletionCommand extends CliCommand {
  enum Shell {
    BASH,
    ZSH,
    FISH
  }

  @Parameters(paramLabel = "SHELL", description = "bash, zsh or fish.")
  private Shell shell = Shell.BASH;

  @Override
  public Integer call() {
    // Of all commands: this process knows only the one that it was called with.
    CommandLine all = Sluice.commandLine();
    out()
        .print(
            switch (shell) {
              // It tells the two apart by itself.
              case BASH, ZSH -> AutoComplete.bash("sluice", all);
              case FISH -> FishCompletion.of(all);
            });
    out().flush();
    return ExitStatus.OK;
  }
}
