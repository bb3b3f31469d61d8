package dev.sluice.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;

/** The executable. */
public final class Main {
  private Main() {}

  /** Runs a command and ends the process with its exit status. */
  public static void main(String[] args) {
    CommandLine commands = Sluice.commandLine(args);
    // Always UTF-8: a bare "C" locale would turn names into question marks.
    commands.setOut(new PrintWriter(System.out, true, StandardCharsets.UTF_8));
    commands.setErr(new PrintWriter(System.err, true, StandardCharsets.UTF_8));
    int status = commands.execute(args);
    if (System.out.checkError() && status == ExitStatus.OK) {
      status = ExitStatus.FAILED;
    }
    System.exit(status);
  }
}
