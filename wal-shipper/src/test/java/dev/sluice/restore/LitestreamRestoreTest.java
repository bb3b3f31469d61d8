package dev.sluice.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sluice.ltx.Txid;
import dev.sluice.store.ByteSource;
import dev.sluice.store.DirectoryStore;
import dev.sluice.store.InMemoryStore;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.PutCondition;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import net.jpountz.lz4.LZ4FrameInputStream;
import net.jpountz.lz4.LZ4FrameOutputStream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** What Litestream 0.5 and 0.3 wrote is restored to the bytes its own restore gives. */
final class LitestreamRestoreTest {
  private static final Pattern LEVEL = Pattern.compile("ltx/(\\d+)/(.*)");

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

  /** The same objects under the keys that they have in S3. */
  @Test
  void statesOfBothVersionsFromS3(@TempDir Path directory) throws IOException {
    for (String name : List.of("litestream-v0.5", "litestream-v0.3")) {
      Path replica = Vectors.copy(name, directory.resolve(name));
      InMemoryStore store = new InMemoryStore();
      try (Stream<Path> files = Files.walk(replica)) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          Matcher level = LEVEL.matcher(replica.relativize(file).toString());
          String key =
              level.matches()
                  ? String.format(
                      "shop/app.db/%04x/%s", Integer.parseInt(level.group(1)), level.group(2))
                  : "shop/app.db/" + replica.relativize(file);
          store.put(
              key,
              ByteSource.of(file),
              Map.of(ObjectStore.TIMESTAMP, Files.getLastModifiedTime(file).toString()),
              PutCondition.IF_ABSENT);
        }
      }
      StoreLayout layout = StoreLayout.of("s3", "shop/app.db");
      Path out = directory.resolve("app.db");
      RestoreOptions options = RestoreOptions.of("s3").withForce(true);
      Restore.run(store, layout, options, out);
      JsonNode expected = Vectors.expected(name);
      assertThat(Vectors.sha256(out)).isEqualTo(expected.at("/latest/sha256").textValue());
      for (JsonNode entry : expected.get("byTime")) {
        JsonNode restored = entry.get("restored");
        if (restored.has("sha256")) {
          Instant time = Instant.parse(entry.get("timestamp").textValue());
          Restore.run(store, layout, options.withTarget(RestoreTarget.time(time)), out);
          assertThat(Vectors.sha256(out)).isEqualTo(restored.get("sha256").textValue());
        }
      }
    }
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
