package dev.sluice.restore;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.store.DirectoryStore;
import dev.sluice.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process that restores is killed at random moments: the target is whole or not there. */
final class RestoreCrashTest {
  private static final StoreLayout LAYOUT = StoreLayout.of("file", "app.db");
  private static final int KILLS = 8;

  /** Restores again and again, until killed. */
  static final class Victim {
    private Victim() {}

    public static void main(String[] arguments) throws IOException {
      Path target = Path.of(arguments[1]);
      try (ObjectStore store = new DirectoryStore(Path.of(arguments[0]))) {
        System.out.println("ready");
        while (true) {
          Restore.run(store, LAYOUT, RestoreOptions.DEFAULT, target);
          Files.delete(target);
        }
      }
    }
  }

  @Test
  void theTargetIsWholeOrNotThere(@TempDir Path directory) throws Exception {
    Path root = directory.resolve("store");
    Path out = Files.createDirectory(directory.resolve("out"));
    Path target = out.resolve("app.db");
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    try (ObjectStore store = new DirectoryStore(root)) {
      Backup backup = new Backup(store, LAYOUT, 4096);
      backup.transaction(2000, IntStream.rangeClosed(1, 2000).toArray());
      backup.transaction(2000, IntStream.rangeClosed(500, 900).toArray());

      for (int i = 0; i < KILLS; i++) {
        killWhileRestoring(root, target, random.nextInt(400));
        if (Files.exists(target)) {
          assertThat(Files.readAllBytes(target)).as("seed %d", seed).isEqualTo(backup.database());
          Files.delete(target);
        }
        Restore.run(store, LAYOUT, RestoreOptions.DEFAULT, target);
        assertThat(Files.readAllBytes(target)).as("seed %d", seed).isEqualTo(backup.database());
        try (Stream<Path> files = Files.list(out)) {
          assertThat(files).as("seed %d", seed).containsExactly(target);
        }
        Files.delete(target);
      }
    }
  }

  private static void killWhileRestoring(Path root, Path target, int millis)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx128m",
                    "-XX:+UseSerialGC",
                    "-cp",
                    System.getProperty("java.class.path"),
                    Victim.class.getName(),
                    root.toString(),
                    target.toString()))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    assertThat(process.getInputStream().read()).isEqualTo('r');
    assertThat(process.waitFor(millis, TimeUnit.MILLISECONDS)).isFalse();
    process.destroyForcibly().waitFor();
  }
}
