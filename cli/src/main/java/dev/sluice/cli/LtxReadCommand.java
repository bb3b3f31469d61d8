package dev.sluice.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * A command that says something of each of some files, in a table or as JSON. What is wrong with
 * one file does not keep it from the others.
 */
abstract class LtxReadCommand<T> extends CliCommand {
  @Parameters(arity = "1..*", paramLabel = "FILE", description = "The files.")
  private List<Path> files = List.of();

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  /** What there is to say of a file. */
  abstract T read(Path file) throws IOException;

  /** Shows it to people. */
  abstract void print(List<T> results);

  @Override
  public Integer call() throws IOException {
    List<T> results = new ArrayList<>();
    int status = ExitStatus.OK;
    for (Path file : files) {
      try {
        results.add(read(file));
      } catch (IOException e) {
        status = Errors.show(e, spec().commandLine());
      }
    }
    if (json) {
      Show.json(out(), results);
    } else if (!results.isEmpty()) {
      print(results);
    }
    return status;
  }
}
