package dev.sluice.cli.system;

import dev.sluice.cli.Main;
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
    List<String> command = java(Main.class);
    command.addAll(Stream.of(args).map(String::valueOf).toList());
    return command;
  }

  /** Runs a class of these tests' class path. */
  static List<String> java(Class<?> main) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m"));
    if (Runtime.version().feature() >= 22) {
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(main.getName());
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
