package dev.sluice.monitor;

import dev.sluice.follow.StreamService;
import dev.sluice.node.NodeView;
import java.io.Closeable;
import java.io.IOException;
import java.net.URI;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
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

  private final Server server;
  private final ServerConnector connector;
  private final Api api;

  private NodeServer(Server server, ServerConnector connector, Api api) {
    this.server = server;
    this.connector = connector;
    this.api = api;
  }

  /**
   * Starts serving.
   *
   * @param stream serves followers; null where the node serves none
   * @param metrics what {@code /metrics} shows beside {@code node}
   * @throws IOException when the address can't be listened on; the message says what to do
   */
  public static NodeServer start(
      ListenAddress address, NodeView node, @Nullable StreamService stream, Metrics metrics)
      throws IOException {
    return start(address, node, stream, metrics, IDLE_TIMEOUT);
  }

  /**
   * Starts serving the commands on this machine that speak to a running node: on a free port of the
   * loopback interface, and only to who knows a token.
   */
  public static NodeServer startLocal(NodeView node, Metrics metrics, String token)
      throws IOException {
    return start(new ListenAddress("127.0.0.1", 0), node, null, metrics, IDLE_TIMEOUT, token);
  }

  static NodeServer start(
      ListenAddress address,
      NodeView node,
      @Nullable StreamService stream,
      Metrics metrics,
      Duration idleTimeout)
      throws IOException {
    return start(address, node, stream, metrics, idleTimeout, null);
  }

  private static NodeServer start(
      ListenAddress address,
      NodeView node,
      @Nullable StreamService stream,
      Metrics metrics,
      Duration idleTimeout,
      @Nullable String token)
      throws IOException {
    QueuedThreadPool threads = new QueuedThreadPool(MAX_THREADS, MIN_THREADS);
    threads.setName("sluice-http");
    threads.setDaemon(true);
    threads.setReservedThreads(0);
    Server server = new Server(threads);
    // What is open has been ended before the server is stopped.
    server.setStopTimeout(0);
    HttpConfiguration http = new HttpConfiguration();
    http.setSendServerVersion(false);
    ServerConnector connector = new ServerConnector(server, 1, 1, new HttpConnectionFactory(http));
    connector.setHost(address.host().isEmpty() ? null : address.host());
    connector.setPort(address.port());
    connector.setAcceptQueueSize(ACCEPT_QUEUE);
    connector.setAcceptedTcpNoDelay(true);
    connector.setIdleTimeout(idleTimeout.toMillis());
    try {
      connector.open();
    } catch (IOException | UnresolvedAddressException e) {
      throw cannotListen(address, e);
    }
    server.addConnector(connector);
    Api api = new Api(node, stream == null ? null : new Streams(stream), metrics);
    server.setHandler(new Router(token == null ? api.endpoints() : api.localEndpoints(), token));
    server.setErrorHandler(Router::error);
    NodeServer started = new NodeServer(server, connector, api);
    try {
      server.start();
    } catch (Exception e) {
      started.close();
      throw new IOException("cannot serve HTTP on " + address + ": " + e.getMessage(), e);
    }
    if (token == null) {
      LOG.info("Serving HTTP on {}", started.address());
    }
    return started;
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
        "http://" + (address.host().isEmpty() ? "localhost" + address : address.toString()));
  }

  /** Ends waits and streams, then all connections; takes a moment, whatever they do. */
  @Override
  public void close() {
    api.close();
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
