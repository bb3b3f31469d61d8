package dev.sluice.monitor;

import dev.sluice.access.TlsFiles;
import dev.sluice.access.Tokens;
import dev.sluice.follow.StreamService;
import dev.sluice.node.NodeView;
import java.io.Closeable;
import java.io.IOException;
import java.net.URI;
import java.nio.channels.UnresolvedAddressException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP server of a node: status, positions, waits, the stream for followers, metrics, health.
 *
 * <pre>
 *   selector ──► Router ──► Api ─┬─ status, position, metrics, health: answered at once
 *                                ├─ Waits: no thread while waiting ──► one thread answers
 *                                ├─ Live: the same, for those who watch the dashboard
 *                                └─ Streams: a thread for each follower
 * </pre>
 *
 * Safe for use by many threads.
 */
public final class NodeServer implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(NodeServer.class);

  static final Duration IDLE_TIMEOUT = Duration.ofSeconds(60);

  /** Nothing on these threads blocks for a client, so a few do for thousands. */
  private static final int MAX_THREADS = 16;

  private static final int MIN_THREADS = 3;

  /** Clients that may knock at one moment. */
  private static final int ACCEPT_QUEUE = 4_096;

  /**
   * Ten thousand that wait, and as many again; beyond that nobody is let in until somebody left.
   */
  private static final int MAX_CONNECTIONS = 20_000;

  /** A database's name may have 4,096 bytes, each of which three letters stand for in a query. */
  private static final int MAX_HEADER_BYTES = 16 << 10;

  private static final ListenAddress LOOPBACK = new ListenAddress("127.0.0.1", 0);

  private final Server server;
  private final ServerConnector connector;
  private final Api api;
  private final Protection protection;
  private final @Nullable Tls tls;
  private @Nullable ServerConnector owners;
  private @Nullable String ownerToken;

  private NodeServer(ListenAddress address, Protection protection, Api api, Duration idleTimeout)
      throws IOException {
    QueuedThreadPool threads = new QueuedThreadPool(MAX_THREADS, MIN_THREADS);
    threads.setName("sluice-http");
    threads.setDaemon(true);
    threads.setReservedThreads(0);
    server = new Server(threads);
    // What is open has been ended before the server is stopped.
    server.setStopTimeout(0);
    this.api = api;
    this.protection = protection;
    TlsFiles files = protection.tls();
    tls = files == null ? null : new Tls(files);
    HttpConnectionFactory http = http();
    // A thread that only accepts would still take connections while the server stops, and forget
    // them.
    connector =
        tls == null
            ? new ServerConnector(server, 0, 1, http)
            : new ServerConnector(server, 0, 1, tls.connectionFactory(), http);
    server.addBean(new NetworkConnectionLimit(MAX_CONNECTIONS, connector));
    try {
      open(connector, address, idleTimeout);
    } catch (IOException e) {
      if (tls != null) {
        tls.close();
      }
      throw e;
    }
  }

  private static HttpConnectionFactory http() {
    HttpConfiguration http = new HttpConfiguration();
    http.setSendServerVersion(false);
    http.setRequestHeaderSize(MAX_HEADER_BYTES);
    return new HttpConnectionFactory(http);
  }

  private void open(ServerConnector opened, ListenAddress address, Duration idleTimeout)
      throws IOException {
    opened.setHost(address.host().isEmpty() ? null : address.host());
    opened.setPort(address.port());
    opened.setAcceptQueueSize(ACCEPT_QUEUE);
    opened.setAcceptedTcpNoDelay(true);
    opened.setIdleTimeout(idleTimeout.toMillis());
    try {
      opened.open();
    } catch (IOException | UnresolvedAddressException e) {
      throw cannotListen(address, e);
    }
    server.addConnector(opened);
  }

  /**
   * Starts serving everybody who can reach it.
   *
   * @param stream serves followers; null where the node serves none
   * @param metrics what {@code /metrics} shows beside {@code node}
   * @throws IOException when the address can't be listened on; the message says what to do
   */
  public static NodeServer start(
      ListenAddress address, NodeView node, @Nullable StreamService stream, Metrics metrics)
      throws IOException {
    return start(address, node, stream, metrics, Protection.NONE);
  }

  /** Starts serving those whom {@code protection} lets in, and the owner of the node. */
  public static NodeServer start(
      ListenAddress address,
      NodeView node,
      @Nullable StreamService stream,
      Metrics metrics,
      Protection protection)
      throws IOException {
    return start(address, node, stream, metrics, protection, IDLE_TIMEOUT);
  }

  static NodeServer start(
      ListenAddress address,
      NodeView node,
      @Nullable StreamService stream,
      Metrics metrics,
      Protection protection,
      Duration idleTimeout)
      throws IOException {
    Api api = new Api(node, stream == null ? null : new Streams(stream), metrics);
    NodeServer started = make(address, protection, api, idleTimeout);
    Tokens tokens = protection.tokens();
    try {
      if (protection.needsOwner()) {
        tokens = tokens.withOwner(started.makeOwnerToken());
        if (protection.tls() != null) {
          // A command on this machine has no certificate, and may call it by another name.
          ServerConnector local = new ServerConnector(started.server, 0, 1, http());
          started.owners = local;
          started.open(local, LOOPBACK, idleTimeout);
        }
      }
      boolean asks = !protection.tokens().isEmpty();
      Door door = new Door(tokens, asks ? null : started.connector);
      started.serve(new Router(api.endpoints(), door, Page.all()));
      api.start();
    } catch (IOException e) {
      started.close();
      throw e;
    }
    LOG.info("Serving {} on {}", protection.tls() == null ? "HTTP" : "HTTPS", started.address());
    return started;
  }

  /**
   * Starts serving the commands on this machine that speak to a running node: on a free port of the
   * loopback interface, and only to who knows {@link #ownerToken}.
   */
  public static NodeServer startLocal(NodeView node, Metrics metrics) throws IOException {
    Api api = new Api(node, null, metrics);
    NodeServer started = make(LOOPBACK, Protection.NONE, api, IDLE_TIMEOUT);
    Tokens owner = Tokens.none().withOwner(started.makeOwnerToken());
    started.serve(new Router(api.localEndpoints(), new Door(owner, null), Map.of()));
    return started;
  }

  private static NodeServer make(
      ListenAddress address, Protection protection, Api api, Duration idleTimeout)
      throws IOException {
    try {
      return new NodeServer(address, protection, api, idleTimeout);
    } catch (IOException | RuntimeException e) {
      api.close();
      throw e;
    }
  }

  private String makeOwnerToken() {
    byte[] random = new byte[32];
    new SecureRandom().nextBytes(random);
    String token = HexFormat.of().formatHex(random);
    ownerToken = token;
    return token;
  }

  private void serve(Router router) throws IOException {
    server.setHandler(router);
    server.setErrorHandler(Router::error);
    try {
      server.start();
    } catch (Exception e) {
      close();
      throw new IOException("cannot serve HTTP on " + address() + ": " + e.getMessage(), e);
    }
  }

  private static IOException cannotListen(ListenAddress address, Exception e) {
    Throwable why = e.getCause() instanceof IOException cause ? cause : e;
    return new IOException(
        "cannot listen on %s: %s; give another host:port (port 0 picks a free one), or stop what listens there (ss -ltnp shows it)"
            .formatted(address, why.getMessage() == null ? why : why.getMessage()),
        e);
  }

  /** Where it listens, with the port that was picked. */
  public ListenAddress address() {
    String host = connector.getHost();
    return new ListenAddress(host == null ? "" : host, connector.getLocalPort());
  }

  /** What a client on this machine can use. */
  public URI url() {
    ListenAddress address = address();
    return URI.create(
        (protection.tls() == null ? "http://" : "https://")
            + (address.host().isEmpty() ? "localhost" + address : address.toString()));
  }

  /** Where the owner's commands on this machine are answered, in plain HTTP. */
  public URI ownerUrl() {
    ServerConnector local = owners;
    return local == null ? url() : URI.create("http://127.0.0.1:" + local.getLocalPort());
  }

  /** What allows everything; null when nobody is asked for a token. */
  public @Nullable String ownerToken() {
    return ownerToken;
  }

  /** Looks at once whether the files of its certificate have changed. */
  void lookAtCertificate() {
    if (tls != null) {
      tls.look();
    }
  }

  /** Ends waits and streams, then all connections; takes a moment, whatever they do. */
  @Override
  public void close() {
    api.close();
    if (tls != null) {
      tls.close();
    }
    try {
      server.stop();
    } catch (Exception e) {
      LOG.warn("The HTTP server did not stop in order", e);
    }
  }

  static Thread thread(String name, Runnable task) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }
}
