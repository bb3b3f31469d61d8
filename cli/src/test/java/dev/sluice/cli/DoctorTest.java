package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DoctorTest {
  private final Path directory;

  DoctorTest(@TempDir Path directory) {
    this.directory = directory;
  }

  private static String verdict(JsonNode report, String check) {
    return StreamSupport.stream(report.get("checks").spliterator(), false)
        .filter(found -> found.get("check").asText().startsWith(check))
        .map(found -> found.get("verdict").asText())
        .findFirst()
        .orElse("none");
  }

  @Test
  void looksAtAllOfAConfiguration() throws Exception {
    Path store = directory.resolve("store");
    Path data = Files.createDirectory(directory.resolve("data"));
    Path file =
        Files.writeString(
            directory.resolve("sluice.yml"),
            "data: data\nlisten: 127.0.0.1:0\ninclude: ['**.db']\nstore: file://" + store + "\n");
    Run run = Run.sluice("doctor", "--config", file, "--json");
    JsonNode report = run.json();
    assertThat(run.status()).as(run.out()).isZero();
    assertThat(report.get("ok").asBoolean()).isTrue();
    for (String check :
        new String[] {
          "configuration",
          "kernel",
          "SQLite",
          "data directory",
          "listen",
          "store file://" + store + ", conditions",
          "store file://" + store + ", clock",
          "store file://" + store
        }) {
      assertThat(verdict(report, check)).as(check).isEqualTo("ok");
    }
    assertThat(verdict(report, "FUSE")).isEqualTo("none");
    assertThat(data).isEmptyDirectory();
    assertThat(store).isEmptyDirectory();
  }

  @Test
  void saysWhatToDo() throws Exception {
    Path data = Files.writeString(directory.resolve("data"), "no directory");
    Run run =
        Run.sluice(
            "doctor",
            "--data",
            data,
            "--include",
            "*.db",
            "--durability",
            "follower",
            "--store",
            "file://" + data);
    assertThat(run.status()).isEqualTo(ExitStatus.UNFIT);
    assertThat(run.lines())
        .contains(
            "failed   configuration: 'durability' is for the nodes of a cluster; add --lease URL, or"
                + " 'lease' to the configuration",
            "failed   data directory " + data + ": it is no directory; name a directory")
        .anyMatch(line -> line.startsWith("failed   store file://" + data));
  }

  @Test
  void aConfigurationThatMakesNoSenseIsAFinding() throws Exception {
    Path file = Files.writeString(directory.resolve("sluice.yml"), "dat: x\n");
    Run run = Run.sluice("doctor", "--config", file);
    assertThat(run.status()).isEqualTo(ExitStatus.UNFIT);
    assertThat(run.out())
        .contains("failed   configuration: " + file + " line 1: unknown key 'dat'; did you mean")
        .contains("SQLite");
  }
}
