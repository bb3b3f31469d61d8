package dev.sluice.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.examples.Programs.Ended;
import dev.sluice.examples.orders.OrderDesk;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * The order desks, one after another, on a primary with a backup and a follower; then what they
 * wrote is restored. Desk, primary and follower are three processes.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OrderDeskTest {
  private static final int LIMIT_SECONDS = 120;
  private static final List<String> ITEMS = List.of("tea", "two cakes", "rice");
  private static final Pattern TAKEN =
      Pattern.compile("\"number\": ?(\\d+).*\"position\": ?\"([^\"]+)\"", Pattern.DOTALL);

  private final Path directory;

  private final List<Served> opened = new ArrayList<>();
  private final List<Served> services = new ArrayList<>();
  private String primaryUrl = "";
  private String followerUrl = "";

  OrderDeskTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @BeforeAll
  void start() throws IOException, InterruptedException {
    Programs.assumeMountable();
    Path primary = Files.createDirectory(primaryMount());
    Served first = Served.mount(directory.resolve("primary"), primary, "--store", store());
    opened.add(first);
    primaryUrl = first.url();
    Path follower = Files.createDirectory(followerMount());
    Served second = Served.mount(directory.resolve("follower"), follower, "--follow", primaryUrl);
    opened.add(second);
    followerUrl = second.url();
  }

  @AfterEach
  void stopServices() throws IOException {
    for (Served service : services) {
      service.close();
    }
    services.clear();
  }

  @AfterAll
  void stop() throws IOException, InterruptedException {
    for (int i = opened.size() - 1; i >= 0; i--) {
      opened.get(i).close();
    }
    Programs.unmountAll(directory);
  }

  private Path primaryMount() {
    return directory.resolve("primary-mount");
  }

  private Path followerMount() {
    return directory.resolve("follower-mount");
  }

  private String store() {
    return directory.resolve("backups").toUri().toString();
  }

  @Test
  void inPython() throws Exception {
    Programs.assumeInstalled("python3");
    takeOrders(List.of("python3", source("python", "order_desk.py").toString()));
  }

  @Test
  void inJava() throws Exception {
    List<String> desk =
        Programs.java(OrderDesk.class, primaryMount(), primaryUrl, followerMount(), followerUrl);
    desk.addAll(ITEMS);
    check(Programs.run(directory, Map.of(), LIMIT_SECONDS, desk));
  }

  @Test
  void inNode() throws Exception {
    Programs.assumeInstalled("node");
    Programs.assumeInstalled("npm");
    Path node = Files.createDirectory(directory.resolve("node"));
    for (String name : List.of("package.json", "order-desk.js")) {
      Files.copy(source("node", name), node.resolve(name));
    }
    install(node, List.of("npm", "install", "--no-audit", "--no-fund", "--no-package-lock"));
    takeOrders(List.of("node", node.resolve("order-desk.js").toString()));
  }

  /** The versions in go.mod are Litestream's: where that was built, they need not be again. */
  @Test
  void inGo() throws Exception {
    Programs.assumeInstalled("go");
    Path desk = directory.resolve("order-desk");
    install(source("go"), List.of("go", "build", "-o", desk.toString(), "."));
    takeOrders(List.of(desk.toString()));
  }

  @Test
  void inFlask() throws Exception {
    Programs.assumeInstalled("python3");
    Path environment = directory.resolve("venv");
    Path python = environment.resolve("bin").resolve("python");
    install(directory, List.of("python3", "-m", "venv", environment.toString()));
    install(
        directory,
        List.of(
            python.toString(),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-r",
            source("flask", "requirements.txt").toString()));
    String writer = serveFlask(python, primaryMount(), primaryUrl);
    String reader = serveFlask(python, followerMount(), followerUrl);

    for (String item : ITEMS) {
      String form = "item=" + encoded(item);
      HttpResponse<String> taken =
          ask(
              HttpRequest.newBuilder(URI.create(writer + "/orders"))
                  .header("Content-Type", "application/x-www-form-urlencoded")
                  .POST(BodyPublishers.ofString(form)));
      assertThat(taken.statusCode()).as(taken.body()).isEqualTo(201);
      Matcher answer = TAKEN.matcher(taken.body());
      assertThat(answer.find()).as(taken.body()).isTrue();
      String order = "/orders/" + answer.group(1) + "?position=" + encoded(answer.group(2));
      HttpResponse<String> shown = ask(HttpRequest.newBuilder(URI.create(reader + order)));
      assertThat(shown.body()).contains(item);
      assertThat(shown.statusCode()).isEqualTo(200);
    }
    checkRestored();
  }

  private String serveFlask(Path python, Path mount, String node)
      throws IOException, InterruptedException {
    Map<String, String> environment =
        Map.of("DATABASE", mount.resolve("shop/app.db").toString(), "NODE", node);
    List<String> command =
        List.of(
            python.toString(),
            "-m",
            "flask",
            "--app",
            source("flask", "app.py").toString(),
            "run",
            "--port",
            String.valueOf(Walk.freePort()));
    Served service = Served.start(directory, environment, "Running on http", command);
    services.add(service);
    Matcher url = Pattern.compile("Running on (http://[0-9.:]+)").matcher(service.output());
    assertThat(url.find()).isTrue();
    return url.group(1);
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private static HttpResponse<String> ask(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    return HttpClient.newHttpClient().send(request.build(), BodyHandlers.ofString());
  }

  private static Path source(String... names) {
    return Path.of("", names).toAbsolutePath();
  }

  /** Packages come over the network; without them there is nothing to test. */
  private static void install(Path directory, List<String> command)
      throws IOException, InterruptedException {
    Ended ended;
    try {
      ended = Programs.run(directory, Map.of("CGO_ENABLED", "0"), LIMIT_SECONDS, command);
    } catch (AssertionError e) {
      Assumptions.abort("skipped: " + e.getMessage());
      throw e;
    }
    Assumptions.assumeTrue(
        ended.status() == 0, "skipped: " + command.get(0) + " did not install:\n" + ended.output());
  }

  private void takeOrders(List<String> program) throws Exception {
    List<String> desk = new ArrayList<>(program);
    desk.addAll(List.of(primaryMount().toString(), followerMount().toString(), followerUrl));
    desk.addAll(ITEMS);
    check(Programs.run(directory, Map.of(), LIMIT_SECONDS, desk));
  }

  private void check(Ended desk) throws Exception {
    assertThat(desk.status()).as(desk.output()).isZero();
    List<String> lines = desk.output().lines().toList();
    assertThat(lines).as(desk.output()).hasSameSizeAs(ITEMS);
    for (int i = 0; i < ITEMS.size(); i++) {
      assertThat(lines.get(i))
          .matches(
              "order [0-9]+: %s, at [0-9a-f]{16}/[0-9a-f]{16}, on the follower [0-9.,]+ ms later"
                  .formatted(ITEMS.get(i)));
    }
    checkRestored();
  }

  /** The three last orders of the backup are those that were just taken. */
  private void checkRestored() throws IOException, InterruptedException, SQLException {
    Path restored = directory.resolve("restored.db");
    List<String> sync = Programs.sluice("sync", directory.resolve("primary/shop/app.db"));
    List<String> restore =
        Programs.sluice("restore", "--force", store() + "/shop/app.db", "-o", restored);
    for (List<String> command : List.of(sync, restore)) {
      Ended ended = Programs.run(directory, Map.of(), LIMIT_SECONDS, command);
      assertThat(ended.status()).as(ended.output()).isZero();
    }
    List<String> items = new ArrayList<>();
    try (Connection db = DriverManager.getConnection("jdbc:sqlite:" + restored);
        Statement select = db.createStatement();
        ResultSet row =
            select.executeQuery(
                "SELECT item FROM (SELECT * FROM orders ORDER BY number DESC LIMIT 3)"
                    + " ORDER BY number")) {
      while (row.next()) {
        items.add(row.getString(1));
      }
    }
    assertThat(items).isEqualTo(ITEMS);
  }
}
