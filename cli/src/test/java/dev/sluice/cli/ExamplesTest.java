package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/** What help says of commands is so of all of them. */
final class ExamplesTest {
  private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|'([^']*)'|(\\S+)");

  /** Commands of which a program reads nothing, or whose output is no table of values. */
  private static final Set<String> FOR_PEOPLE =
      Set.of(
          "sluice demo",
          "sluice mount",
          "sluice replicate",
          "sluice follow",
          "sluice completion",
          "sluice man",
          "sluice help",
          // YAML, and JSON as it is.
          "sluice config import",
          "sluice config schema",
          "sluice config docs");

  static Stream<CommandSpec> commands() {
    return CommandTree.all(Sluice.commandLine()).stream();
  }

  /** The example of a command, each as one line. */
  private static List<String> examples(CommandSpec command) {
    List<String> examples = new ArrayList<>();
    boolean open = false;
    for (String line : command.usageMessage().footer()) {
      if (open) {
        int last = examples.size() - 1;
        examples.set(last, examples.get(last).replaceFirst("\\\\$", "") + line.strip());
      } else if (line.startsWith("  sluice")) {
        examples.add(line.strip());
      }
      open = line.endsWith("\\");
    }
    return examples;
  }

  @ParameterizedTest
  @MethodSource("commands")
  void everyExampleParses(CommandSpec command) {
    List<String> examples = examples(command);
    assertThat(examples).isNotEmpty();
    for (String example : examples) {
      String text =
          example
              .replaceAll(" [|>] .*", "")
              .replaceAll("\"\\$\\(cat [^)]*\\)\"", "0000000000000001/8000000000000001");
      List<String> words = new ArrayList<>();
      Matcher found = WORD.matcher(text);
      while (found.find()) {
        words.add(found.group().replaceAll("^[\"']|[\"']$", ""));
      }
      assertThat(words.remove(0)).isEqualTo("sluice");
      CommandLine line = Sluice.commandLine();
      line.parseArgs(words.toArray(String[]::new));
    }
  }

  @Test
  void whatAProgramCouldReadIsJsonToo() {
    Set<String> without = new TreeSet<>();
    commands()
        .filter(command -> CommandTree.children(command).isEmpty())
        .filter(command -> command.findOption("--json") == null)
        .forEach(command -> without.add(command.qualifiedName()));
    without.removeAll(FOR_PEOPLE);
    assertThat(without).isEmpty();
  }
}
