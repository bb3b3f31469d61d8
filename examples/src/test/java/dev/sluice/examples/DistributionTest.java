package dev.sluice.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.examples.Programs.Ended;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** What runs Sluice elsewhere: the tar.gz, services, and files for containers. */
class DistributionTest {
  private static final int LIMIT_SECONDS = 60;
  private static final Path PACKAGING = Path.of("..", "packaging");

  /** What gives a service a mount namespace of its own; systemd.exec(5). */
  private static final Set<String> NAMESPACES =
      Set.of(
          "ProtectSystem",
          "ProtectHome",
          "ProtectControlGroups",
          "ProtectKernelTunables",
          "ProtectKernelModules",
          "ProtectKernelLogs",
          "PrivateTmp",
          "PrivateDevices",
          "PrivateMounts",
          "ReadOnlyPaths",
          "ReadWritePaths",
          "InaccessiblePaths",
          "MountFlags",
          "DynamicUser",
          "RootDirectory",
          "RootImage");

  @Test
  void theDistributionRunsWhereItIsUnpacked(@TempDir Path directory)
      throws IOException, InterruptedException {
    Optional<Path> archive;
    try (Stream<Path> files = Files.list(Path.of("..", "cli", "target"))) {
      archive = files.filter(file -> file.toString().endsWith(".tar.gz")).findFirst();
    }
    Assumptions.assumeTrue(archive.isPresent(), "skipped: 'mvn package' has not made a tar.gz");
    Path tar = archive.orElseThrow().toAbsolutePath();
    succeeds(directory, "tar", "-xzf", tar.toString(), "--strip-components=1");
    assertThat(succeeds(directory, "bin/sluice", "version")).startsWith("sluice ");
    assertThat(succeeds(directory, "bin/sluice", "config", "check", "share/sluice.yml"))
        .contains("ok");
    assertThat(directory.resolve("docs/monitoring"))
        .isDirectoryContaining("glob:**/alerts.yml")
        .isDirectoryContaining("glob:**/grafana.json");
  }

  /** As they lie below /usr/share of a .deb, and below share of a tar.gz. */
  @Test
  void packagesHaveCompletionsAndManualPages(@TempDir Path directory)
      throws IOException, InterruptedException {
    Assumptions.assumeTrue(
        Files.exists(Path.of("..", "cli", "target", "sluice.jar")),
        "skipped: 'mvn package' has not made the jar");
    succeeds(Path.of(".."), "scripts/package", "--shell-files", directory.toString());
    assertThat(directory.resolve("bash-completion/completions/sluice"))
        .content()
        .contains("complete -F ");
    assertThat(directory.resolve("zsh/vendor-completions/_sluice"))
        .content()
        .startsWith("#compdef sluice\n");
    assertThat(directory.resolve("fish/vendor_completions.d/sluice.fish"))
        .content()
        .contains("complete -c sluice ");
    Path pages = directory.resolve("man/man1");
    for (String page : List.of("sluice", "sluice-mount", "sluice-ltx-verify")) {
      String text = succeeds(pages, "gzip", "-dc", page + ".1.gz");
      assertThat(text).startsWith(".TH ").contains(".SH \"NAME\"");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "packaging/sluice",
        "packaging/debian/postinst",
        "packaging/debian/prerm",
        "packaging/debian/postrm",
        "scripts/package"
      })
  void scriptsAreShell(String script) throws IOException, InterruptedException {
    String shell = Programs.text(Path.of("..", script)).startsWith("#!/bin/sh") ? "sh" : "bash";
    succeeds(Path.of(".."), shell, "-n", script);
  }

  /** With one of its own, applications would not see the mount. */
  @Test
  void theServiceThatMountsStaysInTheMountNamespaceOfAll() throws IOException {
    Path unit = PACKAGING.resolve("systemd/sluice-mount.service");
    assertThat(Files.readAllLines(unit))
        .contains("[Unit]", "[Service]", "[Install]")
        .noneMatch(line -> NAMESPACES.contains(line.replaceFirst("=.*", "")));
  }

  static Stream<Path> manifests() throws IOException {
    List<Path> all = new ArrayList<>();
    for (String directory : List.of("docker", "kubernetes")) {
      try (Stream<Path> files = Files.list(Path.of(directory))) {
        files.filter(file -> file.toString().endsWith(".yaml")).forEach(all::add);
      }
    }
    return all.stream();
  }

  @ParameterizedTest
  @MethodSource("manifests")
  void manifestsAreYamlAndNameWhatTheyHave(Path manifest) throws IOException {
    Yaml yaml = new Yaml(new SafeConstructor(new LoaderOptions()));
    List<?> documents =
        StreamSupport.stream(yaml.loadAll(Programs.text(manifest)).spliterator(), false).toList();
    assertThat(documents).isNotEmpty();
    List<String> images = new ArrayList<>();
    List<String> mounted = new ArrayList<>();
    List<String> volumes = new ArrayList<>();
    for (Object document : documents) {
      assertThat(document).isInstanceOf(Map.class);
      if (manifest.startsWith("kubernetes")) {
        assertThat(((Map<?, ?>) document).keySet().stream().map(String::valueOf))
            .contains("apiVersion", "kind", "metadata");
      }
      collect(document, "", images, mounted, volumes);
    }
    assertThat(images).isNotEmpty().allMatch(image -> image.matches("[a-z./-]+:[0-9][0-9a-z.-]*"));
    assertThat(volumes).containsAll(mounted);
  }

  /** Images, the volumes that containers mount by name, and those that there are. */
  private static void collect(
      Object node, String key, List<String> images, List<String> mounted, List<String> volumes) {
    if (node instanceof Map<?, ?> map) {
      if (key.equals("volumes")) {
        map.keySet().forEach(name -> volumes.add(String.valueOf(name)));
      }
      map.forEach(
          (name, value) -> {
            if (name.equals("image")) {
              images.add(String.valueOf(value));
            } else if (value != null) {
              collect(value, String.valueOf(name), images, mounted, volumes);
            }
          });
    } else if (node instanceof List<?> list) {
      for (Object item : list) {
        if (item instanceof Map<?, ?> map && key.equals("volumeMounts")) {
          mounted.add(String.valueOf(map.get("name")));
        } else if (item instanceof Map<?, ?> map && key.equals("volumes")) {
          volumes.add(String.valueOf(map.get("name")));
        } else if (item instanceof Map<?, ?> map
            && key.equals("volumeClaimTemplates")
            && map.get("metadata") instanceof Map<?, ?> metadata) {
          volumes.add(String.valueOf(metadata.get("name")));
        } else if (item instanceof String text && key.equals("volumes")) {
          mounted.add(text.replaceFirst(":.*", ""));
        } else if (item != null) {
          collect(item, "", images, mounted, volumes);
        }
      }
    }
  }

  @Test
  void theDockerfileKeepsToGoodHabits() throws IOException {
    String file = Programs.text(Path.of("docker", "Dockerfile")).replace("\\\n", " ");
    List<String> lines = file.lines().filter(line -> !line.startsWith("#")).toList();
    assertThat(lines)
        .filteredOn(line -> line.startsWith("FROM "))
        .hasSizeGreaterThan(1)
        .allMatch(line -> line.matches("FROM [a-z/-]+:[0-9][^ ]*( AS [a-z]+)?"));
    assertThat(lines)
        .filteredOn(line -> line.contains("apt-get install"))
        .allMatch(
            line ->
                line.contains("--no-install-recommends")
                    && line.contains("rm -rf /var/lib/apt/lists/*"));
    assertThat(lines)
        .filteredOn(line -> line.startsWith("COPY --from="))
        .allMatch(line -> lines.contains("FROM debian:12-slim AS " + line.split("[= ]", -1)[2]));
    assertThat(lines).filteredOn(line -> line.startsWith("USER ")).containsExactly("USER sluice");
    assertThat(lines).contains("ENTRYPOINT [\"sluice\"]");
  }

  private static String succeeds(Path directory, String... command)
      throws IOException, InterruptedException {
    Ended ended = Programs.run(directory, Map.of(), LIMIT_SECONDS, List.of(command));
    assertThat(ended.status()).as("%s\n%s", List.of(command), ended.output()).isZero();
    return ended.output();
  }
}
