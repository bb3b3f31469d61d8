package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

class HelpTest {
  static Stream<List<String>> commands() {
    List<List<String>> paths = new ArrayList<>();
    collect(Sluice.commandLine(), List.of(), paths);
    return paths.stream();
  }

  private static void collect(CommandLine command, List<String> path, List<List<String>> paths) {
    paths.add(path);
    for (Map.Entry<String, CommandLine> entry : command.getSubcommands().entrySet()) {
      List<String> longer = new ArrayList<>(path);
      longer.add(entry.getKey());
      collect(entry.getValue(), longer, paths);
    }
  }

  @ParameterizedTest
  @MethodSource("commands")
  void everyCommandHasHelpWithAnExample(List<String> path) {
    List<String> words = new ArrayList<>(List.of("help"));
    words.addAll(path);
    String help = Run.sluice(words).ok().out();
    String name = String.join(" ", Stream.concat(Stream.of("sluice"), path.stream()).toList());
    assertThat(help).startsWith("Usage: " + name).contains("Example").contains("\n  " + name);
    assertThat(help).contains("-v, --verbose");
    assertThat(help.lines()).allMatch(line -> line.length() <= 80);

    List<String> flag = new ArrayList<>(path);
    flag.add("--help");
    assertThat(Run.sluice(flag).ok().out()).isEqualTo(help);
  }

  @Test
  void exitStatusesAreListed() {
    assertThat(Run.sluice("help").ok().lines())
        .contains(
            "Exit status:",
            "  3   wait: timed out",
            "  5   wait, follow: the node has no such database");
  }

  @Test
  void withoutACommandShowsTheUsage() {
    Run run = Run.sluice();
    assertThat(run.status()).isEqualTo(ExitStatus.USAGE);
    assertThat(run.err()).startsWith("Usage: sluice").contains("restore");
    assertThat(Run.sluice("ltx").err()).startsWith("Usage: sluice ltx").contains("apply");
  }

  @Test
  void namesWhatIsWrongWithACommandLine() {
    Run.sluice("xyzzy").fails(2, "unknown command 'xyzzy'; 'sluice --help' shows the usage");
    Run.sluice("ltx", "lst")
        .fails(
            2, "unknown command 'lst'; did you mean 'list'? 'sluice ltx --help' shows the usage");
    Run.sluice("version", "--frob")
        .fails(2, "unknown option '--frob'; 'sluice version --help' shows the usage");
    Run.sluice("version", "x")
        .fails(2, "unexpected argument 'x'; 'sluice version --help' shows the usage");
    Run.sluice("help", "ltx", "lst")
        .fails(2, "'sluice ltx' has no command 'lst'; 'sluice help --help' shows the usage");
  }

  @Test
  void showsStackTracesOnlyWhenVerbose() {
    String brief = Run.sluice("ltx", "list", "nosuch.ltx").err();
    assertThat(brief.lines()).hasSize(1);
    assertThat(Run.sluice("--verbose", "ltx", "list", "nosuch.ltx").err())
        .startsWith(brief)
        .contains("at dev.sluice.cli.");
    assertThat(Run.sluice("ltx", "list", "nosuch.ltx", "-v").err()).contains("at dev.sluice.cli.");
  }

  @Test
  void versionIsThatOfTheBuild() {
    assertThat(Run.sluice("version").ok().out())
        .matches("sluice \\d+\\.\\d+\\.\\d+\\S* \\(Java .*\\)\n");
  }
}
