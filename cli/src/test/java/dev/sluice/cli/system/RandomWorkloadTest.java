package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.cli.Run;
import dev.sluice.cli.system.RandomWorkload.Step;
import dev.sluice.ltx.Position;
import dev.sluice.ltx.Txid;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Random statements give on the mount what they give on a native file, and every copy of the
 * database, live or restored, is the same to the byte at the same position.
 */
class RandomWorkloadTest {
  @RegisterExtension final Sandbox sandbox = new Sandbox();

  private String primary = "";
  private String follower = "";

  /** Journal modes are switched within a case, page sizes by VACUUM. */
  @Test
  void anything() throws Exception {
    start();
    long first = Campaign.seed();
    int rounds = Campaign.rounds(6);
    for (long seed = first; seed < first + rounds; seed++) {
      Random random = new Random(seed);
      try {
        play(
            "any" + seed + ".db",
            RandomWorkload.steps(
                seed,
                80 + random.nextInt(120),
                one(RandomWorkload.JOURNAL_MODES, random),
                one(RandomWorkload.PAGE_SIZES, random),
                one(RandomWorkload.SYNCHRONOUS, random),
                true),
            random.nextBoolean());
      } catch (Exception | AssertionError e) {
        throw Campaign.failed(seed, e);
      }
      progress(seed - first + 1, rounds);
    }
  }

  /** Every journal mode with every page size and every kind of sync; of the last, one at a time. */
  @Test
  void matrix() throws Exception {
    start();
    long seed = Campaign.seed();
    boolean whole = Campaign.rounds(0) > 0;
    for (String journalMode : RandomWorkload.JOURNAL_MODES) {
      for (int pageSize : RandomWorkload.PAGE_SIZES) {
        for (String synchronous : RandomWorkload.SYNCHRONOUS) {
          Random random = new Random(seed + (journalMode + pageSize + synchronous).hashCode());
          if (!whole && random.nextInt(RandomWorkload.SYNCHRONOUS.size()) != 0) {
            continue;
          }
          String name = journalMode + "/" + pageSize + "-" + synchronous + ".db";
          Files.createDirectories(sandbox.path("mnt").resolve(journalMode));
          Files.createDirectories(sandbox.path("native").resolve(journalMode));
          try {
            List<Step> steps =
                RandomWorkload.steps(
                    random.nextLong(), 12, journalMode, pageSize, synchronous, false);
            play(name, steps, random.nextInt(4) == 0);
          } catch (Exception | AssertionError e) {
            throw Campaign.failed(seed, e);
          }
        }
      }
    }
  }

  private void start() throws Exception {
    primary = sandbox.primary().url();
    follower = sandbox.follower(primary).url();
    Files.createDirectories(sandbox.path("native"));
  }

  private static <T> T one(List<T> choices, Random random) {
    return choices.get(random.nextInt(choices.size()));
  }

  private static void progress(long done, int rounds) {
    if (done % 10 == 0) {
      System.out.println(done + " of " + rounds + " random workloads passed");
    }
  }

  private void play(String name, List<Step> steps, boolean withCopy) throws Exception {
    Path mounted = sandbox.path("mnt").resolve(name);
    Path plain = sandbox.path("native").resolve(name);
    boolean python = steps.size() % 2 == 0;
    @Nullable SluiceProcess copier = null;
    Path copy = sandbox.path("copy-" + name.replace('/', '-'));
    TreeSet<Integer> open = new TreeSet<>();
    int i = 0;
    try (SqliteClient client = client(python, mounted);
        SqliteClient reference = client(python, plain)) {
      for (; i < steps.size(); i++) {
        Step step = steps.get(i);
        switch (step.kind()) {
          case OPEN -> {
            client.open(step.connection());
            reference.open(step.connection());
            open.add(step.connection());
          }
          case CLOSE -> {
            client.close(step.connection());
            reference.close(step.connection());
            open.remove(step.connection());
          }
          case SQL -> {
            String expected = reference.execute(step.connection(), step.sql());
            assertThat(client.execute(step.connection(), step.sql())).isEqualTo(expected);
          }
          case COMPARE -> {
            for (int connection : open) {
              client.execute(connection, "COMMIT");
              reference.execute(connection, "COMMIT");
            }
            // A commit that another's read transaction kept from being made.
            for (int connection : open) {
              client.execute(connection, "ROLLBACK");
              reference.execute(connection, "ROLLBACK");
            }
            if (withCopy && copier == null) {
              copier =
                  sandbox
                      .sluice("copy", "follow", "--listen", "127.0.0.1:0", primary, name, copy)
                      .serving();
            }
            compare(name, copier, copy);
          }
        }
      }
    } catch (Exception | AssertionError e) {
      throw new AssertionError(
          "%s, %s, step %d %s: %s"
              .formatted(
                  name,
                  python ? "python" : "jdbc",
                  i,
                  i < steps.size() ? steps.get(i) : "at the end",
                  e.getMessage()),
          e);
    }
    Position position = compare(name, copier, copy);
    Path restored = sandbox.restore(primary, name, position);
    byte[] expected = SqliteFile.pages(mounted);
    same("the restored file", expected, Files.readAllBytes(restored));
    JsonNode sums = Run.sluice("ltx", "checksum", "--json", restored).ok().json();
    assertThat(sums.findValue("checksum").asText()).isEqualTo(Txid.format(position.checksum()));
    if (copier != null) {
      copier.stop();
    }
    discard(restored, plain);
  }

  private static void discard(Path... files) throws IOException {
    for (Path file : files) {
      Files.delete(file);
    }
  }

  private SqliteClient client(boolean python, Path file) throws IOException {
    return python ? new SqliteClient.Python(sandbox, file) : new SqliteClient.Jdbc(file);
  }

  /** Compares all live copies and gives the position they are at. */
  private Position compare(String name, @Nullable SluiceProcess copier, Path copy)
      throws Exception {
    Path mounted = sandbox.path("mnt").resolve(name);
    Path plain = sandbox.path("native").resolve(name);
    assertThat(SqliteFile.dump(mounted)).isEqualTo(SqliteFile.dump(plain));
    Position position = sandbox.position(name);
    byte[] expected = SqliteFile.pages(mounted);
    assertThat(Txid.format(SqliteFile.checksum(expected)))
        .as("the checksum computed afresh, at %s", position)
        .isEqualTo(Txid.format(position.checksum()));
    assertThat(SqliteFile.query(mounted, "PRAGMA integrity_check")).isEqualTo("ok");
    sandbox.await(follower, name, position);
    same("the follower's", expected, SqliteFile.pages(sandbox.path("mnt2").resolve(name)));
    assertThat(SqliteFile.query(sandbox.path("mnt2").resolve(name), "PRAGMA integrity_check"))
        .isEqualTo("ok");
    if (copier != null) {
      sandbox.await(copier.url(), name, position);
      same("the followed copy", expected, SqliteFile.pages(copy));
    }
    assertThat(sandbox.position(name)).as("reading made a transaction").isEqualTo(position);
    return position;
  }

  private static void same(String what, byte[] expected, byte[] actual) {
    assertThat(Arrays.equals(expected, actual))
        .as("%s: %s", what, SqliteFile.difference(expected, actual))
        .isTrue();
  }
}
