package dev.sluice.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** The manual page of a command, in roff's macros for manual pages. One thread. */
final class ManPage {
  private final CommandSpec command;
  private final StringBuilder page = new StringBuilder();

  private ManPage(CommandSpec command) {
    this.command = command;
  }

  /** The name of a page, such as {@code sluice-ltx-verify}. */
  static String name(CommandSpec command) {
    return command.qualifiedName().replace(' ', '-');
  }

  static String of(CommandSpec command, String version) {
    return new ManPage(command).page(version);
  }

  private String page(String version) {
    String name = name(command);
    page.append(".TH \"%s\" 1 \"\" \"sluice %s\" \"Sluice\"\n".formatted(upper(name), version));
    section("NAME");
    line(name + " - " + CommandTree.summary(command));
    section("SYNOPSIS");
    page.append(".nf\n");
    new Help(command, Help.defaultColorScheme(Ansi.OFF))
        .synopsis(0)
        .lines()
        .map(String::strip)
        .forEach(this::line);
    page.append(".fi\n");
    section("DESCRIPTION");
    for (String paragraph : command.usageMessage().description()) {
      page.append(".PP\n");
      line(CommandTree.text(paragraph));
    }
    arguments();
    commands();
    exitStatus();
    section("EXAMPLES");
    page.append(".nf\n");
    for (String example : command.usageMessage().footer()) {
      line(example.replace("%n", "").replace("%%", "%"));
    }
    page.append(".fi\n");
    seeAlso();
    return page.toString();
  }

  private void arguments() {
    List<PositionalParamSpec> parameters =
        command.positionalParameters().stream().filter(p -> !p.hidden()).toList();
    List<OptionSpec> options = CommandTree.options(command);
    if (parameters.isEmpty() && options.isEmpty()) {
      return;
    }
    section("OPTIONS");
    for (PositionalParamSpec parameter : parameters) {
      item(parameter.paramLabel(), CommandTree.text(parameter.description()));
    }
    for (OptionSpec option : options) {
      List<String> names = new ArrayList<>(List.of(option.names()));
      if (option.negatable()) {
        names.add(option.longestName().replaceFirst("^--", "--no-"));
      }
      String value = option.arity().max() == 0 ? "" : " " + option.paramLabel();
      item(String.join(", ", names) + value, CommandTree.text(option.description()));
    }
  }

  private void commands() {
    List<CommandSpec> children = CommandTree.children(command);
    if (!children.isEmpty()) {
      section("COMMANDS");
      children.forEach(child -> item(child.name(), CommandTree.summary(child)));
    }
  }

  private void exitStatus() {
    section("EXIT STATUS");
    ExitStatus.MEANINGS.forEach(meaning -> item(String.valueOf(meaning.status()), meaning.text()));
  }

  private void seeAlso() {
    List<String> pages = new ArrayList<>();
    if (command.parent() != null) {
      pages.add(name(command.parent()) + "(1)");
    }
    CommandTree.children(command).forEach(child -> pages.add(name(child) + "(1)"));
    if (!pages.isEmpty()) {
      section("SEE ALSO");
      line(String.join(", ", pages));
    }
  }

  private void section(String heading) {
    page.append(".SH \"").append(heading).append("\"\n");
  }

  private void item(String term, String text) {
    page.append(".TP\n\\fB").append(escaped(term)).append("\\fR\n");
    line(text);
  }

  private void line(String text) {
    String escaped = escaped(text);
    // What begins so would be a request.
    page.append(escaped.startsWith(".") || escaped.startsWith("'") ? "\\&" : "");
    page.append(escaped).append('\n');
  }

  /** Signs that roff takes for something else, and those that are not ASCII. */
  private static String escaped(String text) {
    StringBuilder escaped = new StringBuilder();
    text.codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '\\' -> escaped.append("\\e");
                case '-' -> escaped.append("\\-");
                case '\'' -> escaped.append("\\(aq");
                case '"' -> escaped.append("\\(dq");
                case '`' -> escaped.append("\\(ga");
                case '^' -> escaped.append("\\(ha");
                case '~' -> escaped.append("\\(ti");
                default -> {
                  if (c < 128) {
                    escaped.append((char) c);
                  } else {
                    escaped.append("\\[u%04X]".formatted(c));
                  }
                }
              }
            });
    return escaped.toString();
  }

  private static String upper(String text) {
    return text.toUpperCase(Locale.ROOT);
  }
}
