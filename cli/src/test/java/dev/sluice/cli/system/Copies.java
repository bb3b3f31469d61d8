package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.cli.Run;
import dev.sluice.ltx.Position;
import dev.sluice.ltx.Txid;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * A database on the primary's mount, on a follower's, and restored from the store: the same to the
 * byte at the same position, which carries the checksum of these bytes.
 */
final class Copies {
  private final Sandbox sandbox;
  private final String primary;
  private final String follower;

  /** Of nodes that {@link Sandbox#primary} and {@link Sandbox#follower} have started. */
  Copies(Sandbox sandbox, SluiceProcess primary, SluiceProcess follower)
      throws InterruptedException {
    this.sandbox = sandbox;
    this.primary = primary.url();
    this.follower = follower.url();
  }

  /** Starts a primary and a follower. */
  static Copies start(Sandbox sandbox) throws Exception {
    SluiceProcess primary = sandbox.primary();
    return new Copies(sandbox, primary, sandbox.follower(primary.url()));
  }

  Path mounted(String name) {
    return sandbox.path("mnt").resolve(name);
  }

  Path followed(String name) {
    return sandbox.path("mnt2").resolve(name);
  }

  /** Compares all live copies; gives the position they are at. */
  Position live(String name) throws Exception {
    Position position = settled(name);
    byte[] expected = SqliteFile.pages(mounted(name));
    assertThat(SqliteFile.query(mounted(name), "PRAGMA integrity_check")).as(name).isEqualTo("ok");
    sandbox.await(follower, name, position);
    same(name + " of the follower", expected, SqliteFile.pages(followed(name)));
    assertThat(SqliteFile.query(followed(name), "PRAGMA integrity_check")).as(name).isEqualTo("ok");
    assertThat(sandbox.position(name))
        .as(name + ": reading made a transaction")
        .isEqualTo(position);
    return position;
  }

  /** Compares all live copies and what the store has. */
  void all(String name) throws Exception {
    Position position = live(name);
    Path restored = sandbox.restore(primary, name, position);
    same(name + " restored", SqliteFile.pages(mounted(name)), Files.readAllBytes(restored));
    JsonNode sums = Run.sluice("ltx", "checksum", "--json", restored).ok().json();
    assertThat(sums.findValue("checksum").asText()).isEqualTo(Txid.format(position.checksum()));
    Files.delete(restored);
  }

  /** The follower has no such database any more. */
  void gone(String name) throws Exception {
    long deadline = deadline();
    while (Files.exists(followed(name))) {
      assertThat(System.nanoTime()).as(name + " is still there").isLessThan(deadline);
      Thread.sleep(20);
    }
  }

  /**
   * The position whose checksum is that of the pages. Without a journal the change is cut once
   * writing has paused, so it may take a moment to be there.
   */
  private Position settled(String name) throws Exception {
    long deadline = deadline();
    while (true) {
      String is = "nothing";
      byte[] pages = SqliteFile.pages(mounted(name));
      try {
        Position position = sandbox.position(name);
        if (SqliteFile.checksum(pages) == position.checksum()) {
          return position;
        }
        is = position.toString();
      } catch (UncheckedIOException notYet) {
        is += ": " + notYet.getMessage();
      }
      assertThat(System.nanoTime())
          .as(
              "%s is at %s, and its %d bytes have the checksum %s",
              name, is, pages.length, Txid.format(SqliteFile.checksum(pages)))
          .isLessThan(deadline);
      Thread.sleep(20);
    }
  }

  private static long deadline() {
    return System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
  }

  static void same(String what, byte[] expected, byte[] actual) {
    assertThat(Arrays.equals(expected, actual))
        .as("%s: %s", what, SqliteFile.difference(expected, actual))
        .isTrue();
  }
}
