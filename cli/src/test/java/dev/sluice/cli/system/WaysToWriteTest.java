package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Every way in which SQLite and others write a database, one after another; {@code ways.py} lists
 * them. Each gives on the mount the same answers and the same content as in a native directory, and
 * every copy is the same as the primary's.
 *
 * <p>What is combined at random is in {@link RandomWorkloadTest} (also the matrix of journal mode,
 * page size and sync, with sqlite-jdbc and Python), what dies in between in {@link KillTest} and
 * {@link KillTest}.
 */
class WaysToWriteTest {
  private static final String PROGRAM = "ways.py";

  @RegisterExtension static final Sandbox sandbox = new Sandbox();

  private static Copies copies;

  @BeforeAll
  static void start() throws Exception {
    copies = Copies.start(sandbox);
    Files.createDirectories(sandbox.path("native"));
  }

  @TestFactory
  Stream<DynamicTest> ways() throws Exception {
    Subprocess list = sandbox.python(PROGRAM);
    assertThat(list.status()).isZero();
    String only = System.getProperty("sluice.way", "");
    return list.lines().stream()
        .filter(way -> way.startsWith(only))
        .map(way -> DynamicTest.dynamicTest(way, () -> run(way)));
  }

  private static void run(String way) throws Exception {
    Path plain = Files.createDirectory(sandbox.path("native").resolve(way));
    Path mounted = Files.createDirectory(sandbox.path("mnt").resolve(way));
    Subprocess reference = sandbox.python(PROGRAM, plain, way);
    Subprocess writer = sandbox.python(PROGRAM, mounted, way);
    String last = "";
    while (!last.equals("END")) {
      String expected = reference.nextLine();
      assertThat(writer.nextLine()).as("after: " + last).isEqualTo(expected);
      last = expected;
      if (last.equals("COMPARE")) {
        compare(way, false);
        reference.send("");
        writer.send("");
      }
    }
    assertThat(reference.status()).isZero();
    assertThat(writer.status()).isZero();
    sandbox.forget(reference);
    sandbox.forget(writer);
    compare(way, true);
  }

  private static void compare(String way, boolean restored) throws Exception {
    for (String database : databases(sandbox.path("native"), way)) {
      Path native_ = sandbox.path("native").resolve(database);
      if (Files.size(native_) == 0 && !Files.exists(Path.of(native_ + "-wal"))) {
        assertThat(Files.size(copies.mounted(database))).as(database).isZero();
        copies.gone(database);
        continue;
      }
      assertThat(SqliteFile.dump(copies.mounted(database)))
          .as(database)
          .isEqualTo(SqliteFile.dump(native_));
      if (restored) {
        copies.all(database);
      } else {
        copies.live(database);
      }
    }
    // What is gone is gone everywhere.
    Path followed = sandbox.path("mnt2").resolve(way);
    if (Files.exists(followed)) {
      for (String database : databases(sandbox.path("mnt2"), way)) {
        if (!Files.exists(sandbox.path("native").resolve(database))) {
          copies.gone(database);
        }
      }
    }
  }

  /** Databases that a way has written below {@code top}, named by their paths there. */
  private static List<String> databases(Path top, String way) throws IOException {
    List<String> found = new ArrayList<>();
    Files.walkFileTree(
        top.resolve(way),
        new SimpleFileVisitor<Path>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (file.toString().endsWith(".db")) {
              found.add(top.relativize(file).toString());
            }
            return FileVisitResult.CONTINUE;
          }

          /** A follower takes the WAL of a database away when that is deleted, or has none now. */
          @Override
          public FileVisitResult visitFileFailed(Path file, IOException why) throws IOException {
            if (why instanceof NoSuchFileException) {
              return FileVisitResult.CONTINUE;
            }
            throw why;
          }
        });
    Collections.sort(found);
    return found;
  }
}
