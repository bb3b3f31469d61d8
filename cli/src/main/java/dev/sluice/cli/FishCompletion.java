package dev.sluice.cli;

import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** A completion script for fish, which picocli has none for. Stateless. */
final class FishCompletion {
  /**
   * {@code __sluice_at ltx verify} is true behind these commands; {@code __sluice_only ltx} when no
   * other command was named yet. No option of a command that has others takes a value, so words
   * without a dash are commands.
   */
  private static final String FUNCTIONS =
      """
      function __sluice_commands
          set -l words (commandline -opc)
          set -e words[1]
          for word in $words
              string match -q -- '-*' $word; or echo $word
          end
      end
      function __sluice_at
          set -l named (__sluice_commands)
          test (count $argv) -eq 0; and return 0
          test (count $named) -ge (count $argv); or return 1
          set -l last (count $argv)
          test "$named[1..$last]" = "$argv"
      end
      function __sluice_only
          set -l named (__sluice_commands)
          test (count $named) -eq (count $argv); or return 1
          test "$named" = "$argv"
      end
      complete -c sluice -e
      """;

  private FishCompletion() {}

  static String of(CommandLine root) {
    StringBuilder script =
        new StringBuilder("# Completions of sluice for fish: sluice completion fish | source\n");
    script.append(FUNCTIONS);
    for (CommandSpec command : CommandTree.all(root)) {
      String path = String.join(" ", CommandTree.path(command));
      List<CommandSpec> children = CommandTree.children(command);
      for (CommandSpec child : children) {
        script
            .append("complete -c sluice -f -n ")
            .append(quoted(("__sluice_only " + path).strip()))
            .append(" -a ")
            .append(child.name())
            .append(" -d ")
            .append(quoted(CommandTree.summary(child)))
            .append('\n');
      }
      for (OptionSpec option : CommandTree.options(command)) {
        script.append(option(path, option)).append('\n');
      }
    }
    return script.toString();
  }

  private static String option(String path, OptionSpec option) {
    StringBuilder line = new StringBuilder("complete -c sluice -n ");
    line.append(quoted(("__sluice_at " + path).strip()));
    for (String name : option.names()) {
      line.append(name.startsWith("--") ? " -l " : " -s ").append(name.replaceFirst("^-+", ""));
    }
    if (option.arity().max() > 0) {
      // A file, where that is meant; a word that nobody can guess otherwise.
      boolean file = List.of("FILE", "DIR", "OUT").contains(option.paramLabel());
      line.append(file ? " -r -F" : " -x");
    }
    String help = CommandTree.text(option.description());
    int end = help.indexOf(". ");
    return line.append(" -d ").append(quoted(end > 0 ? help.substring(0, end) : help)).toString();
  }

  private static String quoted(String text) {
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }
}
