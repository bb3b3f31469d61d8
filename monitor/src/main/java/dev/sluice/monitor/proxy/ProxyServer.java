package dev.sluice.monitor.proxy;

import dev.sluice.monitor.ListenAddress;
import dev.sluice.monitor.Metrics;
import dev.sluice.node.NodeView;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.UnresolvedAddressException;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.util.thread.ScheduledExecutorScheduler;
import org.eclipse.jetty.util.thread.Scheduler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An HTTP proxy before the application of a node. A client that writes is told where the databases
 * stand after it, and brings that along when it reads; a node that has not got so far lets it wait.
 *
 * <pre>
 *   client ──► ProxyServer ──► Steering ─┬─ Holds: until this node has what the client has seen
 *                                        ├─ Primaries: who takes writes
 *                                        └─► Forwarder ──► application, or proxy of the primary
 * </pre>
 *
 * Safe for use by many threads.
 */
public final class ProxyServer implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(ProxyServer.class);

  /** Nothing on these threads waits for a client or an application. */
  private static final int MAX_THREADS = 32;

  private static final int MIN_THREADS = 4;

  /** Clients that may knock at one moment. */
  private static final int ACCEPT_QUEUE = 4_096;

  /** Of clients that neither ask nor take what they have asked for. */
  private static final long IDLE_MILLIS = 60_000;

  private final Server server;
  private final ServerConnector connector;
  private final Commits commits;
  private final Holds holds;
  private final Primaries primaries;

  private ProxyServer(
      Server server, ServerConnector connector, Commits commits, Holds holds, Primaries primaries) {
    this.server = server;
    this.connector = connector;
    this.commits = commits;
    this.holds = holds;
    this.primaries = primaries;
  }

  /**
   * Starts serving.
   *
   * @throws IOException when the address can't be listened on; the message says what to do
   */
  public static ProxyServer start(
      ProxyOptions options, NodeView node, PrimaryNode primary, Metrics metrics)
      throws IOException {
    QueuedThreadPool threads = new QueuedThreadPool(MAX_THREADS, MIN_THREADS);
    threads.setName("sluice-proxy");
    threads.setDaemon(true);
    threads.setReservedThreads(0);
    Scheduler scheduler = new ScheduledExecutorScheduler("sluice-proxy-timer", true);
    Server server = new Server(threads, scheduler, null);
    // What is open has been ended before the server is stopped.
    server.setStopTimeout(0);
    ServerConnector connector = connector(server, options.listen());
    Commits commits = new Commits(node.databases());
    Holds holds = new Holds(node, commits, metrics.proxy());
    Primaries primaries = new Primaries(primary);
    Steering steering =
        new Steering(options, node, metrics.proxy(), commits, primaries, holds, threads, scheduler);
    server.setHandler(new Forwarder(steering, threads, scheduler));
    server.setErrorHandler(Answers::unreadable);
    ProxyServer started = new ProxyServer(server, connector, commits, holds, primaries);
    try {
      server.start();
    } catch (Exception e) {
      started.close();
      throw new IOException("cannot serve on " + options.listen() + ": " + e.getMessage(), e);
    }
    LOG.info("Passing requests on {} to {}", started.address(), options.targetUrl());
    return started;
  }

  private static ServerConnector connector(Server server, ListenAddress address)
      throws IOException {
    HttpConfiguration http = new HttpConfiguration();
    http.setSendServerVersion(false);
    http.setSendDateHeader(false);
    // Whether a path makes sense is for the application to say.
    http.setUriCompliance(UriCompliance.UNSAFE);
    // A thread that only accepts would still take connections while the server stops, and forget
    // them.
    ServerConnector connector = new ServerConnector(server, 0, 1, new HttpConnectionFactory(http));
    connector.setHost(address.host().isEmpty() ? null : address.host());
    connector.setPort(address.port());
    connector.setAcceptQueueSize(ACCEPT_QUEUE);
    connector.setAcceptedTcpNoDelay(true);
    connector.setIdleTimeout(IDLE_MILLIS);
    try {
      connector.open();
    } catch (IOException | UnresolvedAddressException e) {
      Throwable why = e.getCause() instanceof IOException cause ? cause : e;
      throw new IOException(
          "the proxy cannot listen on %s: %s; give another host:port, or stop what listens there (ss -ltnp shows it)"
              .formatted(address, why.getMessage() == null ? why : why.getMessage()),
          e);
    }
    server.addConnector(connector);
    return connector;
  }

  /** Where it listens, with the port that was picked. */
  public ListenAddress address() {
    String host = connector.getHost();
    return new ListenAddress(host == null ? "" : host, connector.getLocalPort());
  }

  /** Ends all that waits, then all connections; takes a moment, whatever they do. */
  @Override
  public void close() {
    holds.close();
    primaries.close();
    try {
      server.stop();
    } catch (Exception e) {
      LOG.warn("The proxy did not stop in order", e);
    }
    commits.close();
  }
}
