package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.node.NodeClient;
import dev.sluice.store.s3.Versitygw;
import java.io.IOException;
import java.net.BindException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Makes the pictures of {@code docs/dashboard.md}: three nodes, 300 databases in a bucket of an S3
 * server, and applications that write to them. Only with {@code SLUICE_SCREENSHOTS}, the directory
 * for them; {@code scripts/screenshots} runs it.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
final class ScreenshotsTest {
  private static final int DATABASES = 300;
  private static final int OPEN = 40;
  private static final int NODES = 3;

  /** A height: all of the page. */
  private static final int WHOLE = 0;

  /** So long applications write before the first picture: what charts show. */
  private static final long LOAD_SECONDS = 75;

  /** Ports that read well, if they are free. */
  private static final int NODES_FROM = 4480;

  private static final int S3_PORT = 9000;

  /** A clone of the repository shall not grow much by them. */
  private static final int MAX_BYTES = 200_000;

  private static final List<String> SHOPS =
      List.of(
          "amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "harbor", "iris", "juno");

  @RegisterExtension final Sandbox sandbox = new Sandbox();

  /** Picks a moment, where there is something to pick from. */
  private static final String PICK =
      """
      (() => {
        const slider = document.querySelector('.pick input[type=range]');
        if (!slider) return;
        slider.value = Math.round(slider.max * 0.7);
        slider.dispatchEvent(new Event('input'));
      })()
      """;

  private volatile boolean stop;

  @Test
  void pictures() throws Exception {
    String to = System.getenv("SLUICE_SCREENSHOTS");
    assumeTrue(to != null, "SLUICE_SCREENSHOTS is not set");
    assumeTrue(Browser.program().isPresent(), "there is no chromium");
    Path pictures = Files.createDirectories(Path.of(Objects.requireNonNull(to)));
    try (Versitygw s3 = Versitygw.start(sandbox.path("s3"), freePort(S3_PORT))) {
      s3.createBucket("backups");
      s3.createBucket("cluster");
      String endpoint = "?endpoint=" + s3.endpoint();
      List<Integer> ports = new ArrayList<>();
      for (int i = 0; i < NODES; i++) {
        ports.add(freePort(NODES_FROM + i));
        node(ports.get(i), "s3://backups" + endpoint, "s3://cluster" + endpoint);
      }
      photograph(pictures, "http://127.0.0.1:" + ports.get(0), sandbox.path("node" + ports.get(0)));
    }
  }

  private static int freePort(int wanted) throws IOException {
    try (ServerSocket socket = new ServerSocket(wanted)) {
      return socket.getLocalPort();
    } catch (BindException e) {
      return Sandbox.freePort();
    }
  }

  /** The first of them is the primary. */
  private void node(int port, String store, String lease) throws Exception {
    sandbox
        .sluice(
            "node" + port,
            "mount",
            "--data",
            sandbox.path("data" + port),
            "--fuse-binding",
            Sandbox.BINDING,
            "--store",
            store,
            "--sync-interval",
            "1s",
            "--lease",
            lease,
            "--listen",
            "127.0.0.1:" + port,
            "--advertise",
            "http://127.0.0.1:" + port,
            sandbox.path("node" + port))
        .serving();
    NodeClient client = new NodeClient(URI.create("http://127.0.0.1:" + port));
    TestCluster.await("node " + port, () -> client.status().ready());
  }

  private void photograph(Path pictures, String url, Path mount) throws Exception {
    List<Path> files = new ArrayList<>();
    for (int i = 0; i < DATABASES; i++) {
      files.add(
          mount.resolve("%s/tenant-%03d.db".formatted(SHOPS.get(i % SHOPS.size()), i / 10 + 1)));
      Files.createDirectories(files.get(i).getParent());
      fill(files.get(i), i);
    }
    Thread load = new Thread(() -> load(files), "load");
    load.start();
    try (Browser browser = new Browser(sandbox)) {
      TimeUnit.SECONDS.sleep(LOAD_SECONDS);
      String database =
          "/#/database/" + URLEncoder.encode("amber/tenant-001.db", StandardCharsets.UTF_8);
      String rows = "document.querySelectorAll('.databases tr[aria-rowindex]').length > 4";
      String codes =
          "document.querySelectorAll('.chart .line').length >= 3"
              + " && document.querySelector('.command code').textContent.length > 20";
      String plain = "document.querySelectorAll('.plain tbody tr').length > 0";
      picture(browser, pictures, "databases", url, rows, 1280, 760, false);
      picture(browser, pictures, "databases-dark", url, rows, 1280, 760, true);
      picture(browser, pictures, "database", url + database, codes, 1280, WHOLE, false);
      picture(browser, pictures, "database-dark", url + database, codes, 1280, WHOLE, true);
      picture(browser, pictures, "cluster", url + "/#/cluster", plain, 1280, WHOLE, false);
      picture(browser, pictures, "cost", url + "/#/cost", plain, 1280, WHOLE, false);
      picture(browser, pictures, "phone", url, rows, 390, 844, false);
      picture(browser, pictures, "phone-dark", url + database, codes, 390, 844, true);
    } finally {
      stop = true;
      load.join();
    }
  }

  private void picture(
      Browser browser,
      Path to,
      String name,
      String url,
      String there,
      int width,
      int height,
      boolean dark)
      throws Exception {
    try (Browser.Tab tab = browser.tab(width, 300)) {
      tab.size(width, height == WHOLE ? 300 : height, width < 500);
      tab.send("Emulation.setScrollbarsHidden", Map.of("hidden", true));
      tab.dark(dark);
      tab.open(url);
      tab.await(there);
      tab.value(PICK);
      // Two events, so that all nodes have answered.
      TimeUnit.SECONDS.sleep(4);
      if (height == WHOLE) {
        int whole = tab.value("document.documentElement.scrollHeight").asInt();
        tab.size(width, whole, width < 500);
      }
      byte[] png = tab.screenshot();
      Files.write(to.resolve(name + ".png"), png);
      assertThat(tab.complaints()).isEmpty();
      assertThat(png.length).as(name).isLessThan(MAX_BYTES);
      // What a picture shows works.
      for (JsonNode command :
          tab.value("[...document.querySelectorAll('.command code')].map(c => c.textContent)")) {
        sandbox.paste(command.asText() + " --force");
      }
    }
  }

  private static void fill(Path file, int i) throws SQLException {
    try (Connection connection = SqliteFile.open(file);
        Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA journal_mode=wal");
      statement.execute("CREATE TABLE orders(id INTEGER PRIMARY KEY, item TEXT)");
      statement.execute(
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
              + (20 + (i * 37L) % 400)
              + ") INSERT INTO orders(item) SELECT hex(randomblob(40)) FROM n");
    }
  }

  /** A few databases are busy, most rest: as with a database for each tenant. */
  private void load(List<Path> files) {
    Random random = new Random(7);
    List<Connection> open = new ArrayList<>();
    try {
      for (Path file : files.subList(0, OPEN)) {
        open.add(SqliteFile.open(file));
      }
      while (!stop) {
        int which = (int) Math.abs(random.nextGaussian() * OPEN / 3) % OPEN;
        try (Statement statement = open.get(which).createStatement()) {
          statement.execute("INSERT INTO orders(item) VALUES(hex(randomblob(40)))");
        }
        TimeUnit.MILLISECONDS.sleep(random.nextInt(12));
      }
      for (Connection connection : open) {
        connection.close();
      }
    } catch (SQLException e) {
      throw new AssertionError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
