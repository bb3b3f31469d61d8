package dev.sluice.cli;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** The commands as data, for what is made of them: completions and manual pages. Stateless. */
final class CommandTree {
  private CommandTree() {}

  /** A command and all below it that help shows, each before its own. */
  static List<CommandSpec> all(CommandLine root) {
    List<CommandSpec> commands = new ArrayList<>();
    collect(root, commands);
    return commands;
  }

  private static void collect(CommandLine command, List<CommandSpec> commands) {
    commands.add(command.getCommandSpec());
    children(command.getCommandSpec()).forEach(child -> collect(child.commandLine(), commands));
  }

  /** The commands directly below one that help shows, each once. */
  static List<CommandSpec> children(CommandSpec command) {
    return command.subcommands().entrySet().stream()
        .filter(entry -> entry.getKey().equals(entry.getValue().getCommandName()))
        .map(Map.Entry::getValue)
        .map(CommandLine::getCommandSpec)
        .filter(child -> !child.usageMessage().hidden())
        .toList();
  }

  /** The names that lead to a command, without that of the executable. */
  static List<String> path(CommandSpec command) {
    List<String> names = new ArrayList<>(List.of(command.qualifiedName().split(" ", -1)));
    names.remove(0);
    return names;
  }

  /** The options that help shows, in its order. */
  static List<OptionSpec> options(CommandSpec command) {
    return command.options().stream()
        .filter(option -> !option.hidden())
        .sorted(Comparator.comparing(OptionSpec::longestName))
        .toList();
  }

  /** A description as one text, without the marks of formats. */
  static String text(String... lines) {
    return String.join(" ", lines).replace("%n", " ").replace("%%", "%").strip();
  }

  /** The first sentence of a description, without its full stop. */
  static String summary(CommandSpec command) {
    String[] description = command.usageMessage().description();
    String first = description.length == 0 ? "" : text(description[0]);
    int end = first.indexOf(": ");
    String sentence = end > 0 && first.length() > 80 ? first.substring(0, end) : first;
    return sentence.endsWith(".") ? sentence.substring(0, sentence.length() - 1) : sentence;
  }
}
