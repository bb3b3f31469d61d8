package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine;

/** What a command did. For the system tests, too. */
public record Run(int status, String out, String err) {
  /** Runs a command of Sluice in this process. */
  public static Run sluice(Object... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    String[] words = texts(args);
    CommandLine commands = Sluice.commandLine(words);
    commands.setOut(new PrintWriter(out, true));
    commands.setErr(new PrintWriter(err, true));
    int status = commands.execute(words);
    return new Run(status, out.toString(), err.toString());
  }

  /** Runs Sluice in a process of its own. */
  public static Run sluiceProcess(Object... args) throws IOException, InterruptedException {
    List<Object> command = new ArrayList<>(TestJvm.command(Main.class));
    command.addAll(List.of(args));
    return process(command.toArray());
  }

  public static Run process(Object... command) throws IOException, InterruptedException {
    Path err = Files.createTempFile("sluice-run", ".err");
    try {
      Process process = new ProcessBuilder(texts(command)).redirectError(err.toFile()).start();
      process.getOutputStream().close();
      String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return new Run(process.waitFor(), out, Files.readString(err));
    } finally {
      Files.delete(err);
    }
  }

  /** A program on the path or among what Go installed. */
  public static Optional<Path> find(String program) {
    return Stream.concat(
            Stream.of(System.getenv().getOrDefault("PATH", "").split(":", -1)).map(Path::of),
            Stream.of(Path.of(System.getProperty("user.home"), "go", "bin")))
        .map(directory -> directory.resolve(program))
        .filter(Files::isExecutable)
        .findFirst();
  }

  private static String[] texts(Object... args) {
    return Stream.of(args)
        .flatMap(arg -> arg instanceof List<?> several ? several.stream() : Stream.of(arg))
        .map(String::valueOf)
        .toArray(String[]::new);
  }

  public Run ok() {
    assertThat(this).matches(run -> run.status == 0 && run.err.isEmpty());
    return this;
  }

  /** Expects an error: its status and its one line. */
  public void fails(int expected, String line) {
    assertThat(err).isEqualTo("sluice: " + line + System.lineSeparator());
    assertThat(status).isEqualTo(expected);
  }

  public JsonNode json() throws IOException {
    return new ObjectMapper().readTree(out);
  }

  public List<String> lines() {
    return out.lines().toList();
  }
}
