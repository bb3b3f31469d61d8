package dev.sluice.ltx;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.ltx.TestDatabase.Bytes;
import dev.sluice.ltx.Vectors.Vector;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is written here, the {@code ltx} command of the Go implementation accepts. */
class GoToolTest {
  private final Path directory;

  GoToolTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @Test
  void verifiesReencodedVectors() throws Exception {
    List<String> command = command("verify");
    List<Vector> vectors = Vectors.all();
    for (Vector vector : vectors) {
      command.add(write(vector.file().replace('/', '-'), reencode(vector.bytes())).toString());
    }
    command.add(
        write("old.ltx", reencode(Vectors.bytes("legacy-lz4-frame/snapshot-512.ltx"))).toString());
    run(command);
  }

  @Test
  void appliesTransactionsAndTheirCompaction() throws Exception {
    TestDatabase database = new TestDatabase(4096, 21);
    List<byte[]> chain = new ArrayList<>();
    for (int size : new int[] {20, 25, 25, 30}) {
      chain.add(database.transaction(size));
    }
    Bytes compacted = new Bytes();
    LtxCompactor.compact(TestDatabase.open(chain), compacted, new LtxCompactor.Options(false, 1));
    chain.add(compacted.bytes());

    List<String> verify = command("verify");
    List<String> apply = command("apply");
    Path applied = directory.resolve("applied.db");
    apply.addAll(List.of("-db", applied.toString()));
    for (int i = 0; i < chain.size(); i++) {
      Path file = write(i + ".ltx", chain.get(i));
      verify.add(file.toString());
      if (i < 4) {
        apply.add(file.toString());
      }
    }
    run(verify);
    run(apply);
    assertThat(Files.readAllBytes(applied)).isEqualTo(database.bytes());
  }

  @Test
  void verifiesASnapshotEncodedOnThreads() throws Exception {
    TestDatabase database = new TestDatabase(65536, 22);
    database.transaction(120);
    ByteBuffer content = ByteBuffer.wrap(database.bytes());
    Bytes out = new Bytes();
    LtxSnapshot.encode(
        LtxHeader.snapshot(65536, 120, 1, 0),
        (pgno, pages) -> pages.put(content.slice((pgno - 1) * 65536, pages.remaining())),
        out,
        2);
    List<String> command = command("verify");
    command.add(write("snapshot.ltx", out.bytes()).toString());
    run(command);
  }

  private static byte[] reencode(byte[] file) throws IOException {
    Bytes out = new Bytes();
    LtxEncoder encoder = new LtxEncoder();
    try (LtxDecoder decoder = LtxDecoder.open(LtxSource.of(ByteBuffer.wrap(file)), "vector")) {
      encoder.start(decoder.header(), out);
      while (decoder.next()) {
        encoder.page(decoder.pgno(), decoder.page());
      }
      encoder.finish(decoder.trailer().postApplyChecksum());
    }
    return out.bytes();
  }

  private Path write(String name, byte[] bytes) throws IOException {
    return Files.write(directory.resolve(name), bytes);
  }

  private static List<String> command(String verb) {
    Optional<Path> tool =
        Stream.concat(
                Stream.of(Path.of(System.getProperty("user.home"), "go", "bin", "ltx")),
                Stream.of(System.getenv().getOrDefault("PATH", "").split(":", -1))
                    .map(directory -> Path.of(directory, "ltx")))
            .filter(Files::isExecutable)
            .findFirst();
    Assumptions.assumeTrue(
        tool.isPresent(), "the Go implementation's ltx command is not installed");
    return new ArrayList<>(List.of(tool.orElseThrow().toString(), verb));
  }

  private static void run(List<String> command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
  }
}
