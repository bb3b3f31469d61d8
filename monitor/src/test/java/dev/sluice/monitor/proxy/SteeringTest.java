package dev.sluice.monitor.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.ltx.Position;
import dev.sluice.monitor.proxy.ProxiedNode.Settings;
import dev.sluice.node.ProxyAddress;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Where requests go, when, and what clients are told. */
@Timeout(120)
final class SteeringTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final String NAME = "shop/app.db";

  private final Path directory;
  private final ProxiedNode primary;
  private final List<ProxiedNode> others = new ArrayList<>();

  SteeringTest(@TempDir Path directory) throws IOException {
    this.directory = directory;
    primary = new ProxiedNode("p", directory);
  }

  @AfterEach
  void stop() {
    others.forEach(ProxiedNode::close);
    primary.close();
  }

  private ProxiedNode follower(Settings settings) throws IOException {
    ProxiedNode follower = new ProxiedNode("f" + others.size(), directory, settings);
    others.add(follower);
    follower.follows(primary);
    return follower;
  }

  private ProxiedNode follower() throws IOException {
    return follower(Settings.DEFAULT);
  }

  /** The application of the primary commits a value for each write. */
  private void commitWrites(String database) {
    int[] value = {1};
    primary.application.handler =
        exchange -> {
          primary.node.commit(database, value[0]++);
          TestApplication.answer(exchange, 201, "done");
        };
  }

  private static String position(HttpResponse<?> answer) {
    return answer.headers().firstValue("Sluice-Position").orElse("");
  }

  private static Positions of(String database, Position position) {
    return new Positions(Map.of(Positions.id(database), position));
  }

  private static String error(HttpResponse<String> answer) {
    return answer.statusCode() + " " + answer.body();
  }

  @Test
  void aWriteOnThePrimaryGivesItsPosition() {
    commitWrites(NAME);
    HttpResponse<String> answer = primary.post("/a?b=c", "x");
    assertThat(answer.statusCode()).isEqualTo(201);
    String wanted = of(NAME, primary.node.position(NAME)).toString();
    assertThat(position(answer)).isEqualTo(wanted);
    assertThat(answer.headers().firstValue("Set-Cookie"))
        .hasValue("__sluice=" + wanted + "; Path=/; Max-Age=600; HttpOnly; SameSite=Lax");
    assertThat(primary.node.captured).isNull();
    assertThat(primary.application.requests).containsExactly("POST /a?b=c");
  }

  @Test
  void whatReallyHappenedCounts() throws Exception {
    assertThat(position(primary.post("/", "x"))).isEmpty();
    assertThat(position(primary.get("/"))).isEmpty();
    commitWrites(NAME);
    assertThat(position(primary.get("/"))).isNotEmpty();
  }

  @Test
  void whatIsCapturedLateCounts() throws Exception {
    primary.node.late = true;
    Position before = primary.node.commit(NAME, 1);
    primary.application.handler =
        exchange -> {
          primary.node.lateValue = 2;
          TestApplication.answer(exchange, 200, "done");
        };
    String seen = position(primary.post("/", "x"));
    assertThat(seen).isEqualTo(of(NAME, primary.node.position(NAME)).toString());
    assertThat(seen).isNotEqualTo(of(NAME, before).toString());
  }

  @Test
  void theNewerOfWhatTheClientHasAndWhatWasWritten() throws Exception {
    Position other = primary.node.commit("other.db", 1);
    commitWrites(NAME);
    HttpResponse<String> first =
        primary.post("/", "x", "Cookie", "a=b; __sluice=" + of("other.db", other));
    HttpResponse<String> second = primary.post("/", "x", "Sluice-Position", position(first));
    assertThat(Positions.parse(position(second)).byDatabase())
        .isEqualTo(
            Map.of(
                Positions.id(NAME), primary.node.position(NAME), Positions.id("other.db"), other));
  }

  @Test
  void atMostSixteenDatabases() {
    primary.application.handler =
        exchange -> {
          for (int i = 0; i < 20; i++) {
            primary.node.commit(i + ".db", 1);
          }
          TestApplication.answer(exchange, 200, "done");
        };
    assertThat(Positions.parse(position(primary.post("/", "x"))).byDatabase())
        .hasSize(16)
        .containsKey(Positions.id("19.db"))
        .doesNotContainKey(Positions.id("3.db"));
  }

  @Test
  void aReadWaitsForWhatItsClientHasWritten() throws Exception {
    ProxiedNode follower = follower();
    follower.node.commit(NAME, 1);
    primary.node.commit(NAME, 1);
    Position written = primary.node.commit(NAME, 2);
    CompletableFuture<HttpResponse<String>> byCookie =
        follower.async("GET", "/a", "", "Cookie", "x=y; __sluice=" + of(NAME, written));
    CompletableFuture<HttpResponse<String>> byHeader =
        follower.async("GET", "/b", "", "Sluice-Position", of(NAME, written).toString());
    follower.untilHeld(2);
    assertThat(follower.application.requests).isEmpty();
    assertThat(follower.get("/c").statusCode()).isEqualTo(200);
    follower.node.commit(NAME, 2);
    assertThat(byCookie.join().statusCode()).isEqualTo(200);
    assertThat(byHeader.join().statusCode()).isEqualTo(200);
    assertThat(position(byHeader.join())).isEmpty();
    assertThat(follower.application.requests)
        .containsExactlyInAnyOrder("GET /c", "GET /a", "GET /b");
    assertThat(follower.metrics())
        .contains("sluice_proxy_requests_total{kind=\"read\",} 3.0\n")
        .contains("sluice_proxy_held_total{outcome=\"reached\",} 2.0\n")
        .contains("sluice_proxy_held_seconds_count 2.0\n");
  }

  @Test
  void aReadWaitsForADatabaseThatIsNotThereYet() throws Exception {
    ProxiedNode follower = follower();
    Position written = primary.node.commit(NAME, 1);
    CompletableFuture<HttpResponse<String>> answer =
        follower.async("GET", "/", "", "Sluice-Position", of(NAME, written).toString());
    follower.untilHeld(1);
    follower.node.commit(NAME, 1);
    assertThat(answer.join().statusCode()).isEqualTo(200);
  }

  @Test
  void aReadThatWaitsForTooLong() throws Exception {
    ProxiedNode follower = follower(Settings.DEFAULT.waiting(100));
    follower.node.commit(NAME, 1);
    follower.node.connected = false;
    HttpResponse<String> answer =
        follower.get("/", "Sluice-Position", of(NAME, new Position(2, 3)).toString());
    assertThat(error(answer)).startsWith("504 ").contains("within 100 ms");
    assertThat(answer.headers().firstValue("Retry-After")).hasValue("1");
    assertThat(follower.application.requests).isEmpty();
    assertThat(follower.metrics())
        .contains("sluice_proxy_held_total{outcome=\"timed_out\",} 1.0\n");
  }

  @Test
  void aReadDoesNotWaitForAnotherHistory() throws Exception {
    ProxiedNode follower = follower();
    Position here = follower.node.commit(NAME, 1);
    HttpResponse<String> answer =
        follower.get("/", "Cookie", "__sluice=" + of(NAME, new Position(1, 42)));
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(position(answer)).isEqualTo(of(NAME, here).toString());
    assertThat(answer.headers().firstValue("Set-Cookie").orElse(""))
        .startsWith("__sluice=" + of(NAME, here) + ";");
  }

  @Test
  void whatThePrimaryHasLostIsGivenUp() throws Exception {
    ProxiedNode follower = follower(Settings.DEFAULT.waiting(100));
    Position here = follower.node.commit(NAME, 1);
    String lost = of(NAME, new Position(9, 42)).toString();
    follower.node.head = new Position(9, 43);
    assertThat(follower.get("/", "Sluice-Position", lost).statusCode()).isEqualTo(504);
    follower.node.head = here;
    HttpResponse<String> answer = follower.get("/", "Sluice-Position", lost);
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(position(answer)).isEqualTo(of(NAME, here).toString());
    Position now = primary.node.commit(NAME, 1);
    assertThat(position(primary.get("/", "Sluice-Position", lost)))
        .isEqualTo(of(NAME, now).toString());
  }

  @Test
  void aHeaderThatMakesNoSenseIsAnErrorAndACookieIsNot() throws Exception {
    ProxiedNode follower = follower();
    assertThat(error(follower.get("/", "Sluice-Position", "nonsense!")))
        .startsWith("400 ")
        .contains("nonsense!");
    assertThat(follower.get("/", "Cookie", "__sluice=nonsense!").statusCode()).isEqualTo(200);
  }

  @Test
  void aWriteOnAFollowerGoesToThePrimary() throws Exception {
    ProxiedNode follower = follower();
    commitWrites(NAME);
    HttpResponse<String> answer =
        follower.post("/a?b=c", "content", "X-Forwarded-For", "10.1.2.3", "X-Own", "1");
    assertThat(answer.statusCode()).isEqualTo(201);
    assertThat(answer.body()).isEqualTo("done");
    assertThat(position(answer)).isNotEmpty();
    assertThat(answer.headers().allValues("Set-Cookie")).hasSize(1);
    assertThat(follower.application.requests).isEmpty();
    var headers = Objects.requireNonNull(primary.application.last).getRequestHeaders();
    assertThat(headers.getFirst("X-Forwarded-For")).isEqualTo("10.1.2.3, 127.0.0.1, 127.0.0.1");
    assertThat(headers.getFirst("X-Forwarded-Host")).isEqualTo(follower.proxy.address().toString());
    assertThat(headers.getFirst("Host")).isEqualTo(follower.proxy.address().toString());
    assertThat(headers.getFirst("X-Forwarded-Proto")).isEqualTo("http");
    assertThat(headers.getFirst("Forwarded"))
        .startsWith("for=127.0.0.1;proto=http;host=\"127.0.0.1:");
    assertThat(headers.getFirst("Via")).isEqualTo("1.1 sluice-f0, 1.1 sluice-p");
    assertThat(headers.getFirst("X-Own")).isEqualTo("1");
    assertThat(follower.metrics())
        .contains("sluice_proxy_requests_total{kind=\"forwarded\",} 1.0\n");
    assertThat(primary.metrics()).contains("sluice_proxy_requests_total{kind=\"write\",} 1.0\n");
  }

  @Test
  void readsWhatItHasWrittenThroughAFollower() throws Exception {
    ProxiedNode follower = follower();
    commitWrites(NAME);
    for (int i = 1; i <= 20; i++) {
      HttpResponse<String> written = follower.post("/", "x");
      CompletableFuture<HttpResponse<String>> read =
          follower.async("GET", "/", "", "Sluice-Position", position(written));
      follower.untilHeld(1);
      follower.node.commit(NAME, i);
      assertThat(read.join().statusCode()).isEqualTo(200);
    }
  }

  @Test
  void aWriteWaitsForAPrimary() throws Exception {
    ProxiedNode follower = follower();
    follower.follows(null);
    follower.node.role = "standby";
    CompletableFuture<HttpResponse<String>> elsewhere = follower.async("POST", "/a", "x");
    CompletableFuture<HttpResponse<String>> other = follower.async("POST", "/b", "x");
    assertThat(follower.get("/").statusCode()).isEqualTo(200);
    follower.follows(primary);
    assertThat(elsewhere.join().body()).isEqualTo("x");
    assertThat(other.join().body()).isEqualTo("x");
    follower.follows(null);
    CompletableFuture<HttpResponse<String>> here = follower.async("POST", "/c", "x");
    follower.node.role = "primary";
    assertThat(here.join().body()).isEqualTo("x");
    assertThat(follower.application.requests).contains("POST /c");
  }

  @Test
  void aWriteWithoutAPrimary() throws Exception {
    ProxiedNode follower = follower(Settings.DEFAULT.waiting(100));
    follower.follows(null);
    HttpResponse<String> answer = follower.post("/", "x");
    assertThat(error(answer)).startsWith("503 ").contains("no primary");
    assertThat(answer.headers().firstValue("Retry-After")).hasValue("1");
  }

  @Test
  void aWriteFollowsThePrimaryThatMoves() throws Exception {
    ProxiedNode follower = follower();
    ProxiedNode gone = new ProxiedNode("gone", directory);
    follower.follows(gone);
    assertThat(follower.post("/", "x").body()).isEqualTo("x");
    gone.close();
    CompletableFuture<HttpResponse<String>> answer = follower.async("POST", "/", "y");
    follower.follows(primary);
    assertThat(answer.join().body()).isEqualTo("y");
    assertThat(primary.application.requests).containsExactly("POST /");
  }

  @Test
  void aPrimaryThatIsGone() throws Exception {
    ProxiedNode follower = follower(Settings.DEFAULT.waiting(200));
    ProxiedNode gone = new ProxiedNode("gone", directory);
    follower.follows(gone);
    assertThat(follower.post("/", "x").statusCode()).isEqualTo(200);
    gone.close();
    HttpResponse<String> answer = follower.post("/", "x");
    assertThat(error(answer))
        .matches("50[23] .*")
        .contains("the primary's proxy at " + follower.url() + " gives no answer");
  }

  @Test
  void twoThatTakeEachOtherForThePrimary() throws Exception {
    ProxiedNode a = follower();
    ProxiedNode b = follower();
    a.follows(b);
    b.follows(a);
    assertThat(error(a.post("/", "x"))).startsWith("508 ");
  }

  @Test
  void readsAreRetriedOnThePrimaryWhenTheApplicationSaysSo() throws Exception {
    ProxiedNode follower = follower();
    follower.application.handler =
        exchange -> {
          exchange.getResponseHeaders().set("Sluice-Retry", "primary");
          exchange.getResponseHeaders().set("X-Failed", "1");
          TestApplication.answer(exchange, 500, "database is locked");
        };
    primary.application.handler = exchange -> TestApplication.answer(exchange, 200, "primary");
    HttpResponse<String> answer = follower.get("/");
    assertThat(answer.body()).isEqualTo("primary");
    assertThat(answer.headers().firstValue("X-Failed")).isEmpty();
    assertThat(follower.metrics()).contains("sluice_proxy_requests_total{kind=\"retried\",} 1.0\n");
    // The application of the primary says so, too: once is enough.
    primary.application.handler = follower.application.handler;
    assertThat(error(follower.get("/"))).isEqualTo("500 database is locked");
  }

  @Test
  void readsThatAreUnavailableAreRetriedOnThePrimaryWhereThatIsWanted() throws Exception {
    Settings retrying =
        new Settings(List.of(), List.of(), 60_000, WriteForwarding.PROXY, true, null);
    primary.application.handler = exchange -> TestApplication.answer(exchange, 200, "primary");
    for (Settings settings : List.of(retrying, Settings.DEFAULT)) {
      ProxiedNode follower = follower(settings);
      follower.application.handler = exchange -> TestApplication.answer(exchange, 503, "busy");
      assertThat(follower.get("/").body()).isEqualTo(settings.retryReads() ? "primary" : "busy");
    }
  }

  @Test
  void pathsSayWhatAWriteIs() throws Exception {
    ProxiedNode follower =
        follower(
            new Settings(
                List.of("/w/**"), List.of("/r"), 60_000, WriteForwarding.PROXY, false, null));
    follower.get("/w/x");
    follower.post("/r?q", "x");
    assertThat(primary.application.requests).containsExactly("GET /w/x");
    assertThat(follower.application.requests).containsExactly("POST /r?q");
  }

  @Test
  void flyReplays() throws Exception {
    ProxiedNode byRegion =
        follower(Settings.DEFAULT.forwarding(WriteForwarding.FLY_REPLAY, "sjc").waiting(100));
    byRegion.follows(null);
    HttpResponse<String> answer = byRegion.post("/", "x");
    assertThat(answer.headers().firstValue("fly-replay")).hasValue("region=sjc;state=sluice");
    assertThat(answer.body()).isEmpty();
    ProxiedNode byMachine =
        follower(Settings.DEFAULT.forwarding(WriteForwarding.FLY_REPLAY, null).waiting(100));
    byMachine.primary = new ProxyAddress(null, 1, "00bb33ff");
    assertThat(byMachine.post("/", "x").headers().firstValue("fly-replay"))
        .hasValue("instance=00bb33ff;state=sluice");
    assertThat(
            error(
                byMachine.post(
                    "/", "x", "fly-replay-src", "instance=1;region=sjc;t=1;state=sluice")))
        .startsWith("503 ");
    byMachine.primary = new ProxyAddress(null, 1, null);
    ProxiedNode unknown =
        follower(Settings.DEFAULT.forwarding(WriteForwarding.FLY_REPLAY, null).waiting(100));
    assertThat(error(unknown.post("/", "x"))).startsWith("503 ").contains("FLY_MACHINE_ID");
  }

  @Test
  void noForwarding() throws Exception {
    ProxiedNode follower = follower(Settings.DEFAULT.forwarding(WriteForwarding.NONE, null));
    assertThat(error(follower.post("/", "x")))
        .startsWith("409 ")
        .contains("\"primary\":\"http://127.0.0.1:" + primary.proxy.address().port() + "\"");
  }

  @Test
  void aThousandHeldReadsOnFewThreads() throws Exception {
    int count = 1_000;
    ProxiedNode follower = follower();
    follower.node.commit(NAME, 1);
    primary.node.commit(NAME, 1);
    String written = of(NAME, primary.node.commit(NAME, 2)).toString();
    List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      answers.add(follower.async("GET", "/" + i, "", "Sluice-Position", written));
    }
    follower.untilHeld(count);
    assertThat(Thread.getAllStackTraces().keySet().stream().map(Thread::getName))
        .filteredOn(name -> name.startsWith("sluice-proxy"))
        .hasSizeLessThan(80);
    follower.node.commit(NAME, 2);
    for (CompletableFuture<HttpResponse<String>> answer : answers) {
      assertThat(answer.join().statusCode()).isEqualTo(200);
    }
    assertThat(follower.application.requests).hasSize(count);
  }

  @Test
  void closingEndsWaits() throws Exception {
    ProxiedNode follower = follower();
    CompletableFuture<HttpResponse<String>> answer =
        follower.async("GET", "/", "", "Sluice-Position", of(NAME, new Position(1, 1)).toString());
    follower.untilHeld(1);
    follower.proxy.close();
    // Cut off before it has the 503, the client tries again, and is not let in.
    assertThat(answer.handle((a, e) -> e != null || a.statusCode() == 503))
        .succeedsWithin(PATIENCE)
        .isEqualTo(true);
  }
}
