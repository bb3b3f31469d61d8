package dev.sluice.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How tests start Java, some hundred times: with an archive of the loaded classes, as {@code
 * ./sluice} does. That takes jars only, so these come first in the class path.
 */
public final class TestJvm {
  private static final List<String> FLAGS =
      List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m");

  /** Null where it could not be made; then all goes slower. */
  private static final @Nullable Path ARCHIVE = archive();

  private TestJvm() {}

  /** The command that runs a class of these tests' class path. */
  public static List<String> command(Class<?> main) {
    List<String> command = new ArrayList<>();
    command.add(java());
    command.addAll(FLAGS);
    if (ARCHIVE != null) {
      command.addAll(
          List.of("-XX:SharedArchiveFile=" + ARCHIVE, "-Xlog:disable", "-Xlog:all=error:stderr"));
    }
    if (Runtime.version().feature() >= 22) {
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    command.addAll(List.of("-cp", String.join(":", classPath(true)), main.getName()));
    return command;
  }

  private static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  /** The jars, and then everything else if that is wanted, too. */
  private static List<String> classPath(boolean all) {
    List<String> entries = List.of(System.getProperty("java.class.path").split(":", -1));
    Stream<String> jars = entries.stream().filter(entry -> entry.endsWith(".jar"));
    Stream<String> others = entries.stream().filter(entry -> all && !entry.endsWith(".jar"));
    return Stream.concat(jars, others).toList();
  }

  private static @Nullable Path archive() {
    try {
      List<String> jars = classPath(false);
      StringBuilder key = new StringBuilder(Runtime.version().toString());
      for (String jar : jars) {
        key.append(jar).append(Files.getLastModifiedTime(Path.of(jar)));
      }
      String name = "classes-" + Integer.toHexString(key.toString().hashCode()) + ".jsa";
      Path archive = Path.of("target", name).toAbsolutePath();
      if (!Files.exists(archive)) {
        make(archive, jars);
      }
      return archive;
    } catch (IOException e) {
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    }
  }

  private static void make(Path archive, List<String> jars)
      throws IOException, InterruptedException {
    Path directory = Files.createTempDirectory("sluice-classes");
    Path list = directory.resolve("list");
    Path made = directory.resolve("made");
    Path mount = Files.createDirectory(directory.resolve("mnt"));
    // Where nothing can be mounted, the classes are those up to the error.
    Process practice =
        start(
            List.of("-XX:DumpLoadedClassList=" + list),
            classPath(true),
            List.of(
                Main.class.getName(),
                "mount",
                "--data",
                directory.resolve("data").toString(),
                "--store",
                "file://" + directory.resolve("store"),
                "--listen",
                "127.0.0.1:0",
                mount.toString()));
    try (BufferedReader out =
        new BufferedReader(
            new InputStreamReader(practice.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = ""; line != null && !line.startsWith("serving "); ) {
        line = out.readLine();
      }
      practice.destroy();
      end(practice);
    }
    Process dump =
        start(
            List.of(
                "-Xshare:dump", "-XX:SharedClassListFile=" + list, "-XX:SharedArchiveFile=" + made),
            jars,
            List.of());
    dump.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
    end(dump);
    Files.move(made, archive, StandardCopyOption.REPLACE_EXISTING);
  }

  private static Process start(List<String> flags, List<String> classPath, List<String> words)
      throws IOException {
    List<String> command = new ArrayList<>(List.of(java()));
    command.addAll(FLAGS);
    command.addAll(flags);
    command.addAll(List.of("-cp", String.join(":", classPath)));
    command.addAll(words);
    return new ProcessBuilder(command)
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .redirectInput(Path.of("/dev/null").toFile())
        .start();
  }

  private static void end(Process process) throws IOException, InterruptedException {
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new IOException("it does not end");
    }
  }
}
