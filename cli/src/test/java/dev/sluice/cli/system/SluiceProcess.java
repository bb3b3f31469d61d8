package dev.sluice.cli.system;

import dev.sluice.cli.Main;
import dev.sluice.cli.TestJvm;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Sluice in a process of its own. */
final class SluiceProcess extends Subprocess {
  SluiceProcess(String name, Path directory, Object... args) throws IOException {
    super(name, directory, command(args));
  }

  static List<String> command(Object... args) {
    List<String> command = new ArrayList<>(TestJvm.command(Main.class));
    command.addAll(Stream.of(args).map(String::valueOf).toList());
    return command;
  }

  /** Waits until it serves. */
  SluiceProcess serving() throws InterruptedException {
    await(line -> line.startsWith("serving ") || line.startsWith("following "));
    return this;
  }

  /** The address of its HTTP server, as it printed it. */
  String url() throws InterruptedException {
    String line = await(l -> l.startsWith("serving ") || l.startsWith("following "));
    return line.substring(Math.max(line.lastIndexOf("http://"), line.lastIndexOf("https://")));
  }

  /** Stops it cleanly. */
  void stop() throws InterruptedException {
    terminate();
    int status = status();
    if (status != 0) {
      throw new AssertionError("stopped with status " + status + ": " + this);
    }
  }
}
