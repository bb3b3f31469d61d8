package dev.sluice.cli.system;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.sluice.cli.Run;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Chromium without a window, spoken to by the <a
 * href="https://chromedevtools.github.io/devtools-protocol/">DevTools protocol</a>. It finds no
 * host but this one.
 */
final class Browser implements AutoCloseable {
  private static final long LIMIT_SECONDS = 30;
  private static final JsonMapper JSON = new JsonMapper();

  private final Subprocess process;
  private final WebSocket socket;
  private final AtomicInteger ids = new AtomicInteger();
  private final Map<Integer, CompletableFuture<JsonNode>> answers = new ConcurrentHashMap<>();
  private final Map<String, Tab> tabs = new ConcurrentHashMap<>();

  /** Where it is; empty when there is none. */
  static Optional<Path> program() {
    return Run.find("chromium").or(() -> Run.find("google-chrome"));
  }

  Browser(Sandbox sandbox) throws Exception {
    Path profile = Files.createTempDirectory(sandbox.directory(), "browser");
    process =
        sandbox.keep(
            new Subprocess(
                "browser",
                sandbox.directory(),
                List.of(
                    program().orElseThrow().toString(),
                    "--headless=new",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-dev-shm-usage",
                    "--no-first-run",
                    "--disable-extensions",
                    "--disable-sync",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                    "--user-data-dir=" + profile,
                    "--remote-debugging-port=0",
                    "about:blank")));
    Path port = profile.resolve("DevToolsActivePort");
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    List<String> lines = List.of();
    while (lines.size() < 2) {
      if (System.nanoTime() > deadline || !process.process().isAlive()) {
        throw new AssertionError("the browser does not start: " + process);
      }
      TimeUnit.MILLISECONDS.sleep(20);
      lines = Files.exists(port) ? Files.readAllLines(port) : List.of();
    }
    socket =
        HttpClient.newHttpClient()
            .newWebSocketBuilder()
            .buildAsync(URI.create("ws://127.0.0.1:" + lines.get(0) + lines.get(1)), new Listener())
            .get(LIMIT_SECONDS, TimeUnit.SECONDS);
  }

  private final class Listener implements WebSocket.Listener {
    private final StringBuilder message = new StringBuilder();

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
      message.append(data);
      if (last) {
        String whole = message.toString();
        message.setLength(0);
        try {
          received(JSON.readTree(whole));
        } catch (IOException e) {
          throw new AssertionError(whole, e);
        }
      }
      from.request(1);
      return null;
    }
  }

  private void received(JsonNode message) {
    if (message.has("id")) {
      CompletableFuture<JsonNode> answer = answers.remove(message.get("id").asInt());
      if (answer != null) {
        answer.complete(message);
      }
      return;
    }
    Tab tab = tabs.get(message.path("sessionId").asText());
    if (tab != null) {
      tab.event(message.path("method").asText(), message.path("params"));
    }
  }

  private JsonNode send(@Nullable String session, String method, Map<String, ?> params)
      throws IOException, InterruptedException, ExecutionException, TimeoutException {
    int id = ids.incrementAndGet();
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    answers.put(id, answer);
    Map<String, Object> message = new HashMap<>();
    message.put("id", id);
    message.put("method", method);
    message.put("params", params);
    if (session != null) {
      message.put("sessionId", session);
    }
    synchronized (socket) {
      socket.sendText(JSON.writeValueAsString(message), true).get(LIMIT_SECONDS, TimeUnit.SECONDS);
    }
    JsonNode answered = answer.get(LIMIT_SECONDS, TimeUnit.SECONDS);
    if (answered.has("error")) {
      throw new AssertionError(method + ": " + answered.get("error"));
    }
    return answered.get("result");
  }

  /** Opens a tab of a size in pixels. */
  Tab tab(int width, int height) throws Exception {
    String target =
        send(null, "Target.createTarget", Map.of("url", "about:blank")).get("targetId").asText();
    String session =
        send(null, "Target.attachToTarget", Map.of("targetId", target, "flatten", true))
            .get("sessionId")
            .asText();
    Tab tab = new Tab(session, target);
    tabs.put(session, tab);
    tab.send("Page.enable", Map.of());
    tab.send("Runtime.enable", Map.of());
    tab.send("Log.enable", Map.of());
    tab.send("Network.enable", Map.of());
    tab.size(width, height, false);
    return tab;
  }

  /** A tab. */
  final class Tab implements AutoCloseable {
    private final String session;
    private final String target;
    private final List<String> complaints = Collections.synchronizedList(new ArrayList<>());
    private final List<String> requests = Collections.synchronizedList(new ArrayList<>());

    private Tab(String session, String target) {
      this.session = session;
      this.target = target;
    }

    private void event(String method, JsonNode params) {
      switch (method) {
        case "Runtime.exceptionThrown" ->
            complaints.add(params.path("exceptionDetails").toString());
        case "Runtime.consoleAPICalled" -> {
          if (List.of("error", "warning", "assert").contains(params.path("type").asText())) {
            complaints.add(params.toString());
          }
        }
        case "Log.entryAdded" -> {
          if (!params.at("/entry/level").asText().equals("verbose")) {
            complaints.add(params.get("entry").toString());
          }
        }
        case "Network.responseReceived" -> {
          if (params.at("/response/status").asInt() >= 400) {
            complaints.add(params.get("response").toString());
          }
        }
        case "Network.loadingFailed" -> {
          // The page itself ends its stream when it is left, or when the token is another.
          if (!params.path("canceled").asBoolean()) {
            complaints.add(params.toString());
          }
        }
        case "Network.requestWillBeSent" -> requests.add(params.at("/request/url").asText());
        default -> {}
      }
    }

    JsonNode send(String method, Map<String, ?> params) throws Exception {
      return Browser.this.send(session, method, params);
    }

    void size(int width, int height, boolean phone) throws Exception {
      send(
          "Emulation.setDeviceMetricsOverride",
          Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", phone));
    }

    void dark(boolean dark) throws Exception {
      send(
          "Emulation.setEmulatedMedia",
          Map.of(
              "features",
              List.of(Map.of("name", "prefers-color-scheme", "value", dark ? "dark" : "light"))));
    }

    void open(String url) throws Exception {
      send("Page.navigate", Map.of("url", url));
    }

    /** The value of an expression of JavaScript. */
    JsonNode value(String expression) throws Exception {
      JsonNode result =
          send(
              "Runtime.evaluate",
              Map.of("expression", expression, "awaitPromise", true, "returnByValue", true));
      if (result.has("exceptionDetails")) {
        throw new AssertionError(expression + ": " + result.get("exceptionDetails"));
      }
      return result.path("result").path("value");
    }

    String text(String expression) throws Exception {
      return value(expression).asText();
    }

    /** Returns when an expression is true. */
    void await(String expression) throws Exception {
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
      while (true) {
        try {
          if (value(expression).asBoolean()) {
            return;
          }
        } catch (AssertionError e) {
          // What it looks at may not be there yet.
          if (System.nanoTime() > deadline) {
            throw e;
          }
        }
        if (System.nanoTime() > deadline) {
          throw new AssertionError(
              "never true: "
                  + expression
                  + "; the page says: "
                  + text("document.body.innerText")
                  + "; complaints: "
                  + complaints);
        }
        TimeUnit.MILLISECONDS.sleep(30);
      }
    }

    /** Presses a key that has a name, such as Tab or Enter. */
    void press(String key, int code) throws Exception {
      boolean enter = key.equals("Enter");
      Map<String, Object> down = new HashMap<>();
      down.put("type", enter ? "keyDown" : "rawKeyDown");
      down.put("key", key);
      down.put("code", key);
      down.put("windowsVirtualKeyCode", code);
      if (enter) {
        down.put("text", "\r");
      }
      send("Input.dispatchKeyEvent", down);
      send(
          "Input.dispatchKeyEvent",
          Map.of("type", "keyUp", "key", key, "code", key, "windowsVirtualKeyCode", code));
    }

    void type(String text) throws Exception {
      send("Input.insertText", Map.of("text", text));
    }

    /** What the page has asked for. */
    List<String> requests() {
      return List.copyOf(requests);
    }

    /** Errors and warnings on its console, and requests that failed. */
    List<String> complaints() {
      return List.copyOf(complaints);
    }

    byte[] screenshot() throws Exception {
      JsonNode shot = send("Page.captureScreenshot", Map.of("format", "png"));
      return Base64.getDecoder().decode(shot.get("data").asText());
    }

    @Override
    public void close() throws IOException {
      tabs.remove(session);
      closing("Target.closeTarget", Map.of("targetId", target));
    }
  }

  private void closing(String method, Map<String, ?> params) throws IOException {
    try {
      send(null, method, params);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException(method, e);
    }
  }

  /** It ends by itself, and its children with it. */
  @Override
  public void close() throws IOException {
    closing("Browser.close", Map.of());
    socket.abort();
    try {
      process.process().waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
