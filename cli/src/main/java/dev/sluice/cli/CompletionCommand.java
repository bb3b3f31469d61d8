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
          + " 'source <(sluice completion zsh)' into ~/.zshrc. The .deb has all three.",
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
              case BASH -> AutoComplete.bash("sluice", all);
              case ZSH -> zsh(AutoComplete.bash("sluice", all));
              case FISH -> FishCompletion.of(all);
            });
    out().flush();
    return ExitStatus.OK;
  }

  /**
   * The script for bash, which zsh reads, so that zsh can load it by itself, too: as the function
   * {@code _sluice} from a directory of completions. The builtin {@code compopt} is bash's alone,
   * and an alias in its place is not there yet when zsh parses the function.
   */
  private static String zsh(String bash) {
    return bash.replaceFirst("^#!.*", "#compdef sluice")
            .replaceAll("(?m)^ *(alias compopt=|type compopt ).*\n", "")
        + """

        # Loaded by zsh, it is called for the first word to complete.
        if [ "${funcstack[1]}" = _sluice ]; then
          _bash_complete -o default -F _complete_sluice
        fi
        """;
  }
}
