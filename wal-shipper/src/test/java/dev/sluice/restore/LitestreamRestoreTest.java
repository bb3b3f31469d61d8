package dev.sluice.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.ltx.Txid;
import dev.sluice.store.DirectoryStore;
import dev.sluice.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** What Litestream 0.5 wrote is restored to the bytes its own restore gives. */
final class LitestreamRestoreTest {
  private static final String REPLICA = "litestream-v0.5";

  @TestFactory
  List<DynamicTest> everyStateIsWhatLitestreamRestores(@TempDir Path directory) throws IOException {
    Path replica = Vectors.copy(REPLICA, directory.resolve("replica"));
    JsonNode expected = Vectors.expected(REPLICA);
    List<DynamicTest> tests = new ArrayList<>();
    tests.add(
        dynamicTest("latest", () -> check(replica, RestoreTarget.LATEST, expected.get("latest"))));
    for (Map.Entry<String, JsonNode> entry : expected.get("byTxid").properties()) {
      RestoreTarget target = RestoreTarget.txid(Txid.parse(entry.getKey()));
      tests.add(dynamicTest(target.toString(), () -> check(replica, target, entry.getValue())));
    }
    for (JsonNode entry : expected.get("byTime")) {
      RestoreTarget target = RestoreTarget.time(Instant.parse(entry.get("timestamp").textValue()));
      tests.add(
          dynamicTest(target.toString(), () -> check(replica, target, entry.get("restored"))));
    }
    assertThat(tests).hasSizeGreaterThan(45);
    return tests;
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
      assertThat(result.bytesWritten()).isEqualTo(Files.size(out));
      assertThat(result.bytesRead()).isPositive();
      assertThat(result.verified()).isFalse();
    } catch (NotRestorableException e) {
      assertThat(expected.has("error")).as("%s", e).isTrue();
      assertThat(out).doesNotExist();
    }
  }
}
