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
  private static final String ACTIONS = "document.querySelectorAll('.title button')";
  private static final String RESULT = "document.querySelector('.result').textContent";
  private static final String READ_TOKEN = "read-0123456789abcdef";
  private static final String ADMIN_TOKEN = "admin-0123456789abcdef";
  private static final String LINKS = "[...document.querySelectorAll('td.c-name a')]";

  private static final List<String> PAGES =
      List.of("/", "/database/" + encode("shop/app.db"), "/cluster", "/cost");

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

  /** What can be seen and used, and has not had the focus. */
  private static final String NOT_REACHED =
      """
      [...document.querySelectorAll('a[href], button, input, select, [tabindex="0"]')]
        .filter((one) => one.checkVisibility() && !one.disabled && !window.reached.has(one))
        .map((one) => one.outerHTML).join('; ')
      """;

  /** Notes what has the focus; gives it, if that cannot be seen. */
  private static final String REACH =
      """
      (() => {
        const one = document.activeElement;
        (window.reached ??= new Set()).add(one);
        const seen = one === document.body || getComputedStyle(one).outlineStyle === 'solid';
        return seen ? '' : one.outerHTML;
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
      Path restored = SANDBOX.path("restored-stock.db");
      for (String each :
          List.of(command, tab.text("document.querySelectorAll('.command code')[1].textContent"))) {
        SANDBOX.paste(each);
        assertThat(SqliteFile.query(restored, "SELECT group_concat(a) FROM t")).isEqualTo("first");
        Files.delete(restored);
      }
      tab.await("document.querySelectorAll('.chart .line').length >= 2");
      // It is copied as one line also where it is shown in several.
      tab.size(390, 844, true);
      tab.value("getSelection().selectAllChildren(document.querySelector('.command code'))");
      assertThat(tab.text("String(getSelection())")).isEqualTo(command);
      isClean(tab, follower());
    }
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
      isClean(tab, primary());
    }
  }

  @Test
  void everyPageIsReachedByKeyboardAndClean() throws Exception {
    try (Browser.Tab tab = browser().tab(1400, 900)) {
      for (String page : PAGES) {
        tab.open("about:blank");
        tab.open(primary() + "/#" + page);
        tab.await("document.querySelectorAll('main td').length > 0");
        for (int i = 0; i < 60; i++) {
          tab.press("Tab", TAB);
          assertThat(tab.text(REACH)).as(page).isEmpty();
        }
        assertThat(tab.text(NOT_REACHED)).as(page).isEmpty();
        isClean(tab, primary());
      }
    }
  }

  /** What is shown anew with each commit must not take the focus or a selection. */
  @Test
  void focusAndSelectionOutliveNews() throws Exception {
    try (Browser.Tab tab = browser().tab(1400, 900)) {
      tab.open(primary() + "/#/database/" + encode("shop/app.db"));
      tab.await("document.querySelector('tbody th a') !== null");
      tab.value("document.querySelector('tbody th a').focus()");
      tab.value("getSelection().selectAllChildren(document.querySelector('.fact dd'))");
      String before = tab.text("document.querySelector('.facts code').textContent");
      commit("shop/app.db", "INSERT INTO t VALUES(2)");
      tab.await("document.querySelector('.facts code').textContent !== '" + before + "'");
      assertThat(tab.text("document.activeElement.outerHTML")).startsWith("<a href=\"http");
      assertThat(tab.text("String(getSelection())"))
          .isNotEmpty()
          .isEqualTo(tab.text("document.querySelector('.fact dd').textContent"));
      isClean(tab, primary());
    }
  }

  @Test
  void textsCanBeReadInBothColours() throws Exception {
    try (Browser.Tab tab = browser().tab(1400, 900)) {
      tab.open(primary());
      tab.await(ROWS + ".length === 3");
      for (String page : PAGES) {
        tab.value("location.hash = '#" + page + "'");
        tab.await("document.querySelectorAll('main td').length > 0");
        for (boolean dark : new boolean[] {false, true}) {
          tab.dark(dark);
          assertThat(tab.text(FAINT_TEXTS)).as(page + ", dark: " + dark).isEmpty();
        }
      }
      tab.value("document.querySelector('#unlock').click()");
      for (boolean dark : new boolean[] {false, true}) {
        tab.dark(dark);
        assertThat(tab.text(FAINT_TEXTS)).as("the dialog, dark: " + dark).isEmpty();
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
  void aTokenAllowsChanges() throws Exception {
    Files.writeString(SANDBOX.path("read.token"), READ_TOKEN);
    Files.writeString(SANDBOX.path("admin.token"), ADMIN_TOKEN);
    Files.writeString(
        SANDBOX.path("guarded.yml"),
        """
        data: guarded
        mount: mnt-guarded
        store: file://%s
        sync-interval: 1h
        listen: 127.0.0.1:0
        tokens:
          - {scope: read, file: read.token}
          - {scope: admin, file: admin.token}
        """
            .formatted(SANDBOX.path("guarded-store")));
    SluiceProcess node =
        SANDBOX
            .sluice(
                "guarded",
                "mount",
                "--fuse-binding",
                Sandbox.BINDING,
                "--config",
                SANDBOX.path("guarded.yml"))
            .serving();
    Path file = SANDBOX.path("mnt-guarded").resolve("app.db");
    SANDBOX.run("sqlite3", file, "PRAGMA journal_mode=wal; CREATE TABLE t(a)");
    try (Browser.Tab tab = browser().tab(1400, 900)) {
      tab.open(node.url() + "/#/database/app.db");
      tab.await("document.querySelector('.notice').textContent.includes('asks for a token')");
      assertThat(tab.text("document.querySelector('main').checkVisibility()")).isEqualTo("false");
      giveToken(tab, "not-a-token-of-this-node");
      tab.await(
          "document.querySelector('#token-error').textContent"
              + " === 'The node does not know that token.'");
      tab.value("document.querySelector('#token-cancel').click()");

      giveToken(tab, READ_TOKEN);
      tab.await("document.querySelectorAll('.facts .fact').length > 0");
      assertThat(tab.value(ACTIONS + ".length").asInt()).isZero();
      assertThat(tab.text("document.querySelector('#unlock').textContent"))
          .isEqualTo("Forget token");
      tab.value("document.querySelector('#unlock').click()");
      tab.await("document.querySelector('.notice').checkVisibility()");

      giveToken(tab, ADMIN_TOKEN);
      tab.await(ACTIONS + ".length === 2");
      assertThat(tab.text("document.querySelector('#unlock').textContent")).isEqualTo("Changes on");

      SANDBOX.run("sqlite3", file, "INSERT INTO t VALUES('synced')");
      String txid = Files.readString(Path.of(file + "-pos")).substring(0, 16);
      String number = Long.toString(Long.parseLong(txid, 16));
      tab.value(ACTIONS + "[0].click()");
      tab.await(RESULT + " === 'Transaction " + number + " is in every store.'");
      Path restored = SANDBOX.path("synced.db");
      String backup = "file://" + SANDBOX.path("guarded-store") + "/app.db";
      Run.sluice("restore", backup, "-o", restored, "--txid", txid).ok();
      assertThat(SqliteFile.query(restored, "SELECT a FROM t")).isEqualTo("synced");

      SANDBOX.run("sqlite3", file, "INSERT INTO t VALUES('kept')");
      String kept = Files.readString(Path.of(file + "-pos")).substring(0, 16);
      number = Long.toString(Long.parseLong(kept, 16));
      tab.value(ACTIONS + "[1].click()");
      tab.await(RESULT + " === 'Transaction " + number + " is in every store as a snapshot.'");
      // The table of snapshots begins with their transactions.
      assertThat(Run.sluice("backups", backup).ok().lines())
          .anyMatch(line -> line.strip().startsWith(kept));
      isClean(tab, node.url());
    }
    node.stop();
  }

  private static void giveToken(Browser.Tab tab, String token) throws Exception {
    tab.await("document.querySelector('#unlock').textContent === 'Read-only'");
    tab.value("document.querySelector('#unlock').click()");
    tab.await("document.activeElement.id === 'token'");
    tab.type(token);
    tab.press("Enter", ENTER);
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
