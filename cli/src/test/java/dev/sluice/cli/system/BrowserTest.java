package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.sluice.cli.Run;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The dashboard in a real browser, of real nodes. */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
final class BrowserTest {
  /** What would be an image, and run a script, if names ever became markup. */
  private static final String HOSTILE = "<img src=x onerror=document.title=1>.db";

  private static final int TAB = 9;
  private static final int ENTER = 13;
  private static final String ROWS = "document.querySelectorAll('.databases tr[aria-rowindex]')";
  private static final String LINKS = "[...document.querySelectorAll('td.c-name a')]";

  @RegisterExtension static final Sandbox SANDBOX = new Sandbox();

  /** Texts whose contrast with their ground is below 4.5, as WCAG 2 computes it. */
  private static final String FAINT_TEXTS =
      """
      (() => {
        const parts = (color) => color.match(/[\\d.]+/g).map(Number);
        const light = (color) => parts(color).slice(0, 3)
          .map((v) => v / 255)
          .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
          .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
        const found = [];
        const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
          const element = texts.currentNode.parentElement;
          if (!texts.currentNode.textContent.trim() || !element.checkVisibility()) continue;
          let ground = element;
          while (parts(getComputedStyle(ground).backgroundColor)[3] === 0) ground = ground.parentElement;
          const a = light(getComputedStyle(element).color);
          const b = light(getComputedStyle(ground).backgroundColor);
          const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
          if (contrast < 4.5) found.push(`${texts.currentNode.textContent}: ${contrast.toFixed(2)}`);
        }
        return found.join('; ');
      })()
      """;

  /** What runs for all tests. */
  private record Running(Browser browser, SluiceProcess primary, SluiceProcess follower) {}

  private static @Nullable Running running;

  private static Browser browser() {
    return Objects.requireNonNull(running).browser();
  }

  private static String primary() throws InterruptedException {
    return Objects.requireNonNull(running).primary().url();
  }

  private static String follower() throws InterruptedException {
    return Objects.requireNonNull(running).follower().url();
  }

  @BeforeAll
  static void start() throws Exception {
    assumeTrue(Browser.program().isPresent(), "there is no chromium");
    SluiceProcess primary = SANDBOX.primary();
    SluiceProcess follower = SANDBOX.follower(primary.url());
    for (String name : List.of("shop/app.db", "shop/stock.db", HOSTILE)) {
      commit(name, "PRAGMA journal_mode=wal; CREATE TABLE t(a)");
      SANDBOX.await(follower.url(), name, SANDBOX.position(name));
    }
    running = new Running(new Browser(SANDBOX), primary, follower);
  }

  @AfterAll
  static void stop() throws IOException {
    if (running != null) {
      running.browser().close();
    }
  }

  private static void commit(String name, String sql) throws Exception {
    Path file = SANDBOX.path("mnt").resolve(name);
    Files.createDirectories(file.getParent());
    SANDBOX.run("sqlite3", file, sql);
  }

  /** Nothing was asked of anybody else, and the console is empty. */
  private static void isClean(Browser.Tab tab, String url) {
    assertThat(tab.complaints()).isEmpty();
    // The browser has pictures of its own, of a calendar for one.
    assertThat(tab.requests())
        .isNotEmpty()
        .allMatch(request -> request.startsWith(url) || request.startsWith("data:"));
  }

  @Test
  void theTableIsLiveAndCanBeSortedAndSearched() throws Exception {
    try (Browser.Tab tab = browser().tab(1400, 900)) {
      tab.open(primary());
      tab.await(ROWS + ".length === 3");
      assertThat(tab.text(LINKS + ".map(a => a.textContent).join('|')"))
          .isEqualTo(HOSTILE + "|shop/app.db|shop/stock.db");
      assertThat(tab.text("document.title")).isEqualTo("Databases · Sluice");
      // The follower has no lease: the primary knows it by its stream.
      tab.await("document.querySelector('td.c-lag').textContent.includes('0 tx')");
      tab.await("[...document.querySelectorAll('.badge')].every(b => b.textContent === 'OK')");
      tab.value("document.querySelector('th.c-name button').click()");
      assertThat(tab.text(LINKS + ".map(a => a.textContent).join('|')"))
          .isEqualTo("shop/stock.db|shop/app.db|" + HOSTILE);
      tab.value("document.querySelector('#search').focus()");
      tab.type("APP");
      tab.await(ROWS + ".length === 1");
      String txid = tab.text("document.querySelector('td.c-txid').textContent");
      commit("shop/app.db", "INSERT INTO t VALUES(1)");
      tab.await("document.querySelector('td.c-txid').textContent !== '" + txid + "'");
      isClean(tab, primary());
    }
  }

  @Test
  void aPickedMomentGivesTheCommandThatRestoresIt() throws Exception {
    commit("shop/stock.db", "INSERT INTO t VALUES('first')");
    String wanted = SANDBOX.position("shop/stock.db").toString().substring(0, 16);
    SANDBOX.awaitShipped(primary(), "shop/stock.db", SANDBOX.position("shop/stock.db"));
    commit("shop/stock.db", "INSERT INTO t VALUES('second')");
    SANDBOX.awaitShipped(primary(), "shop/stock.db", SANDBOX.position("shop/stock.db"));
    // From the follower's page, which has to ask the primary for what there is.
    try (Browser.Tab tab = browser().tab(1400, 900)) {
      tab.open(follower() + "/#/database/" + encode("shop/stock.db"));
      tab.await("document.querySelectorAll('.command code').length === 2");
      tab.await("document.querySelector('.command code').textContent.includes('--txid')");
      tab.value(
          "(() => { const s = document.querySelector('.pick input[type=range]');"
              + " s.value = s.max - 1; s.dispatchEvent(new Event('input')); })()");
      String command = tab.text("document.querySelector('.command code').textContent");
      assertThat(command).startsWith("sluice restore ").contains("--txid " + wanted);
      Path restored = SANDBOX.path("restored.db");
      for (String each :
          List.of(command, tab.text("document.querySelectorAll('.command code')[1].textContent"))) {
        assertThat(restore(each, restored).status()).as(each).isZero();
        assertThat(SqliteFile.query(restored, "SELECT group_concat(a) FROM t")).isEqualTo("first");
        Files.delete(restored);
      }
      tab.await("document.querySelectorAll('.chart .line').length >= 2");
      isClean(tab, follower());
    }
  }

  /** Runs what a shell would, with another file to write. */
  private static Run restore(String command, Path to) throws Exception {
    String printed = SANDBOX.run("sh", "-c", command.replaceFirst("^sluice", "printf '%s\\\\n'"));
    List<Object> args = new ArrayList<>(printed.lines().toList());
    args.set(args.indexOf("-o") + 1, to);
    return Run.sluice(args);
  }

  @Test
  void everythingIsReachedByKeyboard() throws Exception {
    try (Browser.Tab tab = browser().tab(1400, 900)) {
      tab.open(primary());
      tab.await(ROWS + ".length === 3");
      List<String> reached = new ArrayList<>();
      String focused = "";
      while (!focused.equals("shop/app.db") && reached.size() < 40) {
        tab.press("Tab", TAB);
        focused = tab.text("document.activeElement.textContent || document.activeElement.id");
        reached.add(focused);
        assertThat(tab.text("getComputedStyle(document.activeElement).outlineStyle"))
            .as(focused)
            .isEqualTo("solid");
        if (focused.startsWith("Size")) {
          tab.press("Enter", ENTER);
          tab.await("document.querySelector('th.c-size').ariaSort === 'descending'");
          tab.value("document.querySelector('th.c-name button').click()");
          tab.value("document.querySelector('th.c-size button').focus()");
        }
      }
      assertThat(reached)
          .contains("Skip to content", "Cluster", "Cost", "Read-only", "search", "shop/app.db");
      tab.press("Enter", ENTER);
      tab.await("document.querySelector('h1').textContent === 'shop/app.db'");
      for (String page : List.of("cluster", "cost")) {
        tab.value("location.hash = '#/" + page + "'");
        tab.await("document.querySelectorAll('.plain tbody tr').length >= 1");
      }
      isClean(tab, primary());
    }
  }

  @Test
  void textsCanBeReadInBothColours() throws Exception {
    try (Browser.Tab tab = browser().tab(1400, 900)) {
      tab.open(primary());
      tab.await(ROWS + ".length === 3");
      for (String page : List.of("/", "/database/" + encode("shop/app.db"), "/cluster", "/cost")) {
        tab.value("location.hash = '#" + page + "'");
        tab.await("document.querySelectorAll('main td').length > 0");
        for (boolean dark : new boolean[] {false, true}) {
          tab.dark(dark);
          assertThat(tab.text(FAINT_TEXTS)).as(page + ", dark: " + dark).isEmpty();
        }
      }
    }
  }

  @Test
  void changesAreOffUntilTheyAreAllowed() throws Exception {
    try (Browser.Tab tab = browser().tab(1400, 900)) {
      tab.open(primary() + "/#/database/" + encode(HOSTILE));
      tab.await("document.querySelectorAll('.facts .fact').length > 0");
      assertThat(tab.value("document.querySelectorAll('.title button').length").asInt()).isZero();
      tab.value("document.querySelector('#unlock').click()");
      tab.value("document.querySelector('#token-ok').click()");
      tab.await("document.querySelectorAll('.title button').length === 2");
      tab.value("document.querySelectorAll('.title button')[1].click()");
      tab.await("document.querySelector('.result').textContent.includes('as a snapshot')");
      tab.await("document.querySelector('.restore').textContent.includes('snapshot')");
      isClean(tab, primary());
    }
  }

  @Test
  void twoThousandRows() throws Exception {
    Path data = Files.createDirectories(SANDBOX.path("many"));
    Path one = SANDBOX.path("one.db");
    SANDBOX.run("sqlite3", one, "CREATE TABLE t(a)");
    for (int i = 0; i < 2_000; i++) {
      Files.copy(one, data.resolve("tenant-%04d.db".formatted(i)));
    }
    SluiceProcess node =
        SANDBOX
            .sluice(
                "many",
                "mount",
                "--data",
                data,
                "--fuse-binding",
                Sandbox.BINDING,
                "--listen",
                "127.0.0.1:0",
                SANDBOX.path("mnt-many"))
            .serving();
    try (Browser.Tab tab = browser().tab(1400, 900)) {
      tab.open(node.url());
      tab.await("document.querySelector('.t-databases dd').textContent === '2,000'");
      tab.await("document.querySelector('.databases').ariaRowCount === '2001'");
      assertThat(tab.value(ROWS + ".length").asInt()).isBetween(10, 100);
      tab.value("window.scrollTo(0, document.documentElement.scrollHeight)");
      tab.await(LINKS + ".some(a => a.textContent === 'tenant-1999.db')");
      tab.value("document.querySelector('th.c-name button').click()");
      tab.value("window.scrollTo(0, 0)");
      tab.await(LINKS + "[0].textContent === 'tenant-1999.db'");
      tab.value("document.querySelector('#search').focus()");
      tab.type("-123");
      tab.await(ROWS + ".length === 10");
      isClean(tab, node.url());
    }
    node.stop();
  }

  /** A name in the part of a URL behind the hash. */
  private static String encode(String name) {
    return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
