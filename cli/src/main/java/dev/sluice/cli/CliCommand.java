package dev.sluice.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A command. Prints results to {@link #out} and throws for everything that goes wrong. */
abstract class CliCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  /** Set by picocli before anything else is called. */
  @SuppressWarnings("NullAway.Init")
  CliCommand() {}

  /**
   * Does it.
   *
   * @return an {@link ExitStatus}
   * @throws UserException what the user can mend
   */
  @Override
  public abstract Integer call() throws IOException, InterruptedException;

  /** True for commands that run until they are stopped: these log what they do. */
  boolean isLongRunning() {
    return false;
  }

  /** The {@link ExitStatus} for what {@link #call} threw. */
  int statusOf(Exception e) {
    return ExitStatus.FAILED;
  }

  final CommandSpec spec() {
    return spec;
  }

  final PrintWriter out() {
    return spec.commandLine().getOut();
  }

  final PrintWriter err() {
    return spec.commandLine().getErr();
  }

  /** What may take a while. */
  interface Slow<T> {
    T run() throws IOException;
  }

  /** Does something, and says on a terminal what is waited for. */
  @SuppressWarnings("try") // The line is only there.
  final <T> T waitingFor(String what, Slow<T> action) throws IOException {
    try (WaitingLine line = new WaitingLine(err(), what, ProgressLine.isTerminal())) {
      return action.run();
    }
  }

  /** What a command that only groups others does by itself. */
  final int showUsage() {
    spec.commandLine().usage(err());
    return ExitStatus.USAGE;
  }

  /** The error of a command line whose parts do not fit together. */
  final ParameterException usage(String what) {
    return new ParameterException(spec.commandLine(), what);
  }

  /**
   * How many of the positional {@code words} are the command's own: what stands behind "--" is an
   * application to run.
   */
  final int ownWords(List<String> words) {
    List<String> given = spec().commandLine().getParseResult().originalArgs();
    int delimiter = given.indexOf("--");
    return words.size() - (delimiter < 0 ? 0 : given.size() - delimiter - 1);
  }
}
