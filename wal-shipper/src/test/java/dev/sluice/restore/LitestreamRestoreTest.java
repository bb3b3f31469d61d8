package dev.sluice.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sluice.ltx.Txid;
import dev.sluice.store.DirectoryStore;
import dev.sluice.store.ObjectStore;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import net.jpountz.lz4.LZ4FrameInputStream;
import net.jpountz.lz4.LZ4FrameOutputStream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** What Litestream 0.5 and 0.3 wrote is restored to the bytes its own restore gives. */
final class LitestreamRestoreTest {
  @TestFactory
  List<DynamicTest> everyStateOfVersion5(@TempDir Path directory) throws IOException {
    List<DynamicTest> tests = tests("litestream-v0.5", directory);
    assertThat(tests).hasSizeGreaterThan(45);
    return tests;
  }

  @TestFactory
  List<DynamicTest> everyStateOfVersion3(@TempDir Path directory) throws IOException {
    List<DynamicTest> tests = tests("litestream-v0.3", directory);
    assertThat(tests).hasSizeGreaterThan(20);
    return tests;
  }

  private static List<DynamicTest> tests(String name, Path directory) throws IOException {
    Path replica = Vectors.copy(name, directory.resolve("replica"));
    JsonNode expected = Vectors.expected(name);
    List<DynamicTest> tests = new ArrayList<>();
    tests.add(
        dynamicTest("latest", () -> check(replica, RestoreTarget.LATEST, expected.get("latest"))));
    for (Map.Entry<String, JsonNode> entry : expected.path("byTxid").properties()) {
      RestoreTarget target = RestoreTarget.txid(Txid.parse(entry.getKey()));
      tests.add(dynamicTest(target.toString(), () -> check(replica, target, entry.getValue())));
    }
    for (JsonNode entry : expected.get("byTime")) {
      RestoreTarget target = RestoreTarget.time(Instant.parse(entry.get("timestamp").textValue()));
      tests.add(
          dynamicTest(target.toString(), () -> check(replica, target, entry.get("restored"))));
    }
    return tests;
  }

  @Test
  void aMissingSegmentOfVersion3IsNamed(@TempDir Path directory) throws IOException {
    Path replica = Vectors.copy("litestream-v0.3", directory.resolve("replica"));
    Path wal = replica.resolve("generations/743727b85237ca8a/wal");
    Files.delete(wal.resolve("00000000_000080e0.wal.lz4"));

    assertThatThrownBy(
            () -> check(replica, RestoreTarget.LATEST, new ObjectMapper().readTree("{}")))
        .hasMessageContaining("00000000_000090f8.wal.lz4: the WAL segment before it");
  }

  @Test
  void aDamagedWalOfVersion3IsNamed(@TempDir Path directory) throws IOException {
    Path replica = Vectors.copy("litestream-v0.3", directory.resolve("replica"));
    Path segment = replica.resolve("generations/743727b85237ca8a/wal/00000000_000080e0.wal.lz4");
    byte[] bytes;
    try (InputStream in = new LZ4FrameInputStream(Files.newInputStream(segment))) {
      bytes = in.readAllBytes();
    }
    bytes[100] ^= 1;
    try (OutputStream out = new LZ4FrameOutputStream(Files.newOutputStream(segment))) {
      out.write(bytes);
    }

    assertThatThrownBy(
            () -> check(replica, RestoreTarget.LATEST, new ObjectMapper().readTree("{}")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("whole transactions only up to 32,992: it is damaged");
  }

  @Test
  void aDamagedSnapshotOfVersion3IsNamed(@TempDir Path directory) throws IOException {
    Path replica = Vectors.copy("litestream-v0.3", directory.resolve("replica"));
    Path snapshot = replica.resolve("generations/743727b85237ca8a/snapshots/00000000.snapshot.lz4");
    byte[] bytes = Files.readAllBytes(snapshot);
    bytes[bytes.length / 2] ^= 4;
    Files.write(snapshot, bytes);

    Path out = directory.resolve("app.db");
    try (ObjectStore store = new DirectoryStore(replica)) {
      assertThatThrownBy(
              () -> Restore.run(store, StoreLayout.of("file", ""), RestoreOptions.DEFAULT, out))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("00000000.snapshot.lz4");
    }
    assertThat(out).doesNotExist();
  }

  private static void check(Path replica, RestoreTarget target, JsonNode expected)
      throws IOException {
    Path out = Files.createTempDirectory(replica, "out").resolve("app.db");
    try (ObjectStore store = new DirectoryStore(replica)) {
      RestoreResult result =
          Restore.run(
              store, StoreLayout.of("file", ""), RestoreOptions.DEFAULT.withTarget(target), out);
      assertThat(expected.has("error")).as("Litestream fails: %s", expected).isFalse();
      assertThat(Vectors.sha256(out)).isEqualTo(expected.get("sha256").textValue());
      assertThat(Files.size(out)).isEqualTo((long) result.pages() * result.pageSize());
      assertThat(result.bytesWritten()).isGreaterThanOrEqualTo(Files.size(out));
      assertThat(result.bytesRead()).isPositive();
      assertThat(result.verified()).isFalse();
    } catch (NotRestorableException e) {
      assertThat(out).doesNotExist();
      assertThat(expected.has("error")).withFailMessage(e.getMessage()).isTrue();
    }
  }
}
