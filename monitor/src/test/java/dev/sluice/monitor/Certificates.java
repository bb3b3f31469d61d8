package dev.sluice.monitor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Certificates made with openssl for one test, with an authority of their own. */
final class Certificates {
  private final Path directory;

  Certificates(Path directory) throws IOException, InterruptedException {
    this.directory = Files.createDirectories(directory);
    List<String> command = new ArrayList<>(List.of("openssl", "req", "-x509", "-days", "2"));
    command.addAll(List.of("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"));
    command.addAll(List.of("-subj", "/CN=CA", "-keyout", "ca.key", "-out", "ca.pem"));
    run(command);
  }

  Path file(String name) {
    return directory.resolve(name);
  }

  Path ca() {
    return file("ca.pem");
  }

  /** Makes {@code name.pem} and {@code name.key}, signed by the authority. */
  void make(String name, String... newKey) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("openssl", "req", "-x509", "-days", "2"));
    command.addAll(List.of("-CA", "ca.pem", "-CAkey", "ca.key", "-nodes"));
    command.addAll(
        newKey.length > 0
            ? List.of(newKey)
            : List.of("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"));
    command.addAll(List.of("-subj", "/CN=" + name));
    command.addAll(List.of("-addext", "basicConstraints=critical,CA:FALSE"));
    command.addAll(List.of("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"));
    command.addAll(List.of("-keyout", name + ".key", "-out", name + ".pem"));
    run(command);
  }

  void run(List<String> command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(file("openssl.out").toFile())
            .start();
    if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
      throw new AssertionError(command + ": " + Files.readString(file("openssl.out")));
    }
  }
}
