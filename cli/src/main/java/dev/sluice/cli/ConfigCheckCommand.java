package dev.sluice.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "check",
    description = {
      "Check that every key of a configuration is known, every value makes sense, and none contradicts another.",
      "Exit status: 1 when a node would not start with it. 'sluice doctor --config FILE' looks at this machine and"
          + " at the stores, too.",
    },
    footerHeading = "%nExample:%n",
    footer = "  sluice config check sluice.yml")
final class ConfigCheckCommand extends CliCommand {
  @Parameters(paramLabel = "FILE", description = "The configuration.")
  private Path file = Path.of("");

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  /** What is wrong, on a line of the file. */
  private record Problem(boolean isError, int line, String what, String whatToDo) {}

  @Override
  public Integer call() throws IOException {
    ConfigFile.Reading reading = ConfigFile.readAll(file, System::getenv);
    List<Problem> problems = new ArrayList<>();
    for (ConfigFault fault : reading.faults()) {
      problems.add(
          new Problem(true, fault.line(), String.valueOf(fault.getMessage()), fault.whatToDo()));
    }
    // What is missing because it makes no sense contradicts nothing.
    if (problems.isEmpty()) {
      for (ConfigAdvice advice : ConfigAdvice.of(reading.config())) {
        int line = reading.config().said().source(advice.about()).line();
        problems.add(new Problem(advice.isError(), line, advice.what(), advice.whatToDo()));
      }
    }
    boolean bad = problems.stream().anyMatch(Problem::isError);
    if (json) {
      printJson(problems, !bad);
    } else {
      problems.forEach(this::print);
      if (!bad) {
        out().println(file + ": ok");
      }
    }
    return bad ? ExitStatus.FAILED : ExitStatus.OK;
  }

  private void print(Problem problem) {
    err()
        .println(
            (problem.isError() ? "sluice: " : "warning: ")
                + file
                + (problem.line() == 0 ? "" : " line " + problem.line())
                + ": "
                + problem.what()
                + "; "
                + problem.whatToDo());
  }

  private void printJson(List<Problem> problems, boolean ok) throws IOException {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("file", file.toString());
    fields.put("ok", ok);
    List<Map<String, Object>> entries = new ArrayList<>();
    for (Problem problem : problems) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("severity", problem.isError() ? "error" : "warning");
      entry.put("line", problem.line() == 0 ? null : problem.line());
      entry.put("what", problem.what());
      entry.put("whatToDo", problem.whatToDo());
      entries.add(entry);
    }
    fields.put("problems", entries);
    Show.json(out(), fields);
  }
}
