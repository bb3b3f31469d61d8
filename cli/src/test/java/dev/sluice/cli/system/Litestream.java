package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.sluice.cli.Run;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Litestream as a process. Tests are skipped where it is missing. */
final class Litestream {
  private final Sandbox sandbox;
  private final Path program;

  Litestream(Sandbox sandbox) {
    Optional<Path> found = Run.find("litestream");
    assumeTrue(found.isPresent(), "there is no litestream");
    this.sandbox = sandbox;
    this.program = found.get();
  }

  /** What its restore makes of a replica. */
  byte[] restore(String url, Object... options) throws Exception {
    Path out = sandbox.path("litestream-restored.db");
    Files.deleteIfExists(out);
    List<Object> command = new ArrayList<>(List.of(program, "restore", "-o", out));
    command.addAll(List.of(options));
    command.add(url);
    sandbox.run(command.toArray());
    return Files.readAllBytes(out);
  }

  /** Replicates for as long as something else goes on, and ends with all of it in the replica. */
  void replicate(Path database, String url, Meanwhile meanwhile) throws Exception {
    List<String> command =
        Stream.of(program, "replicate", database, url).map(String::valueOf).toList();
    Subprocess process = sandbox.keep(new Subprocess("litestream", sandbox.directory(), command));
    meanwhile.run();
    process.terminate();
    assertThat(process.status()).as(process.toString()).isZero();
  }

  @FunctionalInterface
  interface Meanwhile {
    void run() throws Exception;
  }
}
