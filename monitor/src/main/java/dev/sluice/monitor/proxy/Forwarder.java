package dev.sluice.monitor.proxy;

import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.UnresolvedAddressException;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.client.ContentSourceRequestContent;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.HttpUpgrader;
import org.eclipse.jetty.client.Result;
import org.eclipse.jetty.client.UpgradeProtocolHandler;
import org.eclipse.jetty.client.transport.HttpClientTransportDynamic;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpURI;
import org.eclipse.jetty.io.ClientConnector;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.proxy.ProxyHandler;
import org.eclipse.jetty.server.HttpStream;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.Scheduler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Passes requests on and answers back, as they come: {@link Steering} says where to. Contents go
 * through in both directions at the pace of the slower end, and are never kept.
 *
 * <p>Jetty does most of it. Its terms are: the client speaks to the proxy, and the proxy to the
 * server, which is the application or the proxy of the primary.
 */
final class Forwarder extends ProxyHandler {
  private static final Logger LOG = LoggerFactory.getLogger(Forwarder.class);

  private static final long CONNECT_MILLIS = 5_000;

  /** An application that says nothing for longer has forgotten the request. */
  private static final long ANSWER_MILLIS = 300_000;

  /** Less than applications keep a connection, so that they don't close one as it is used. */
  private static final long KEEP_ALIVE_MILLIS = 1_500;

  /** What streams events or waits for a long time has a connection each. */
  private static final int MAX_CONNECTIONS = 4_096;

  /** As many may be let go by one commit. */
  private static final int MAX_QUEUED = Holds.MAX_OPEN;

  private static final int BUFFER_BYTES = 16 << 10;

  private final Steering steering;
  private final Executor executor;
  private final Scheduler scheduler;

  Forwarder(Steering steering, Executor executor, Scheduler scheduler) {
    this.steering = steering;
    this.executor = executor;
    this.scheduler = scheduler;
    setViaHost(steering.via());
  }

  @Override
  protected HttpClient newHttpClient() {
    ClientConnector connector = new ClientConnector();
    connector.setSelectors(1);
    connector.setExecutor(executor);
    connector.setScheduler(scheduler);
    return new HttpClient(new HttpClientTransportDynamic(connector));
  }

  @Override
  protected void configureHttpClient(HttpClient client) {
    super.configureHttpClient(client);
    client.setConnectTimeout(CONNECT_MILLIS);
    client.setIdleTimeout(KEEP_ALIVE_MILLIS);
    client.setMaxConnectionsPerDestination(MAX_CONNECTIONS);
    client.setMaxRequestsQueuedPerDestination(MAX_QUEUED);
    client.setRequestBufferSize(BUFFER_BYTES);
    // What the client has not said is not said for it.
    client.setUserAgentField(null);
    client.setDefaultRequestContentType(null);
  }

  @Override
  protected void doStart() throws Exception {
    super.doStart();
    getHttpClient().getProtocolHandlers().put(new UpgradeProtocolHandler());
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    // Who waits is not idle; what is read or written has a time limit all the same.
    request.addIdleTimeoutListener(idle -> false);
    steering.steer(request, response, callback, this::send);
    return true;
  }

  private void send(Visit visit) {
    super.handle(visit, visit.response(), visit.callback());
  }

  @Override
  protected HttpURI rewriteHttpURI(Request request) {
    return request.getHttpURI();
  }

  @Override
  protected org.eclipse.jetty.client.Request newProxyToServerRequest(
      Request request, HttpURI unused) {
    Visit visit = (Visit) request;
    org.eclipse.jetty.client.Request made = newRequest(visit.url(), visit.target());
    return made.method(visit.getMethod()).idleTimeout(ANSWER_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** What is no URI is passed on as it stands, too. */
  private org.eclipse.jetty.client.Request newRequest(String url, String target) {
    if (target.startsWith("/")) {
      try {
        return getHttpClient().newRequest(new URI(url + target));
      } catch (URISyntaxException e) {
        LOG.trace("not a URI", e);
      }
    }
    return getHttpClient().newRequest(URI.create(url)).path(target);
  }

  @Override
  protected void copyRequestHeaders(Request request, org.eclipse.jetty.client.Request sent) {
    super.copyRequestHeaders(request, sent);
    Visit visit = (Visit) request;
    if (visit.isWebSocket()) {
      sent.headers(
          headers ->
              headers
                  .put(HttpHeader.CONNECTION, "Upgrade")
                  .put(HttpHeader.UPGRADE, visit.getHeaders().get(HttpHeader.UPGRADE)));
      HttpUpgrader.Factory upgrades = version -> new Upgrade(visit);
      sent.attribute(HttpUpgrader.Factory.class.getName(), upgrades);
    }
  }

  @Override
  protected void addProxyHeaders(Request request, org.eclipse.jetty.client.Request sent) {
    addViaHeader(request, sent);
    sent.headers(headers -> ForwardedHeaders.add(request, headers));
  }

  @Override
  protected org.eclipse.jetty.client.Request.Content newProxyToServerRequestContent(
      Request request, Response response, org.eclipse.jetty.client.Request sent) {
    return new Body(request);
  }

  /** Of a request. It is not read before there is a connection. */
  private static final class Body extends ContentSourceRequestContent {
    Body(Request request) {
      super(request, request.getHeaders().get(HttpHeader.CONTENT_TYPE));
    }

    @Override
    public void fail(Throwable failure, boolean last) {
      if (!isUnreachable(failure)) {
        super.fail(failure, last);
      }
    }
  }

  /** Whether nothing can have been sent. */
  private static boolean isUnreachable(Throwable failure) {
    return failure instanceof ConnectException
        || failure instanceof SocketTimeoutException
        || failure instanceof UnknownHostException
        || failure instanceof UnresolvedAddressException;
  }

  @Override
  protected org.eclipse.jetty.client.Response.CompleteListener newServerToProxyResponseListener(
      Request request,
      org.eclipse.jetty.client.Request sent,
      Response response,
      Callback callback) {
    return new Answer((Visit) request, sent);
  }

  /** Passes an answer on, or drops it for that of the primary. */
  private final class Answer extends ProxyResponseListener {
    private final Visit visit;
    private boolean dropped;

    Answer(Visit visit, org.eclipse.jetty.client.Request sent) {
      super(visit, sent, visit.response(), visit.callback());
      this.visit = visit;
    }

    @Override
    public void onBegin(org.eclipse.jetty.client.Response answer) {
      // What becomes of it, its headers say.
    }

    @Override
    public void onHeaders(org.eclipse.jetty.client.Response answer) {
      dropped = steering.retries(visit, answer.getStatus(), answer.getHeaders());
      if (!dropped) {
        List<String> ofConnection = answer.getHeaders().getCSV(HttpHeader.CONNECTION, false);
        super.onBegin(answer);
        super.onHeaders(answer);
        ofConnection.forEach(visit.response().getHeaders()::remove);
        steering.answered(visit, visit.response().getHeaders());
      }
    }

    @Override
    public void onContent(
        org.eclipse.jetty.client.Response answer, Content.Chunk chunk, Runnable demander) {
      if (dropped) {
        demander.run();
      } else {
        super.onContent(answer, chunk, demander);
      }
    }

    @Override
    public void onSuccess(org.eclipse.jetty.client.Response answer) {
      if (!dropped) {
        super.onSuccess(answer);
      }
    }

    @Override
    public void onComplete(Result result) {
      if (dropped) {
        visit.retriesOnPrimary();
        steering.guarded(visit, () -> steering.forward(visit, Forwarder.this::send));
      } else {
        super.onComplete(result);
      }
    }
  }

  @Override
  protected void onServerToProxyResponseFailure(
      Request request,
      org.eclipse.jetty.client.Request sent,
      org.eclipse.jetty.client.Response answer,
      Response response,
      Callback callback,
      Throwable failure) {
    Visit visit = (Visit) request;
    Primaries.Primary primary = visit.primary();
    LOG.debug("{} {} to {} failed", visit.getMethod(), visit.target(), visit.url(), failure);
    String why =
        (primary == null ? "the application at " : "the primary's proxy at ")
            + visit.url()
            + " gives no answer: "
            + (failure.getMessage() == null ? failure : failure.getMessage());
    if (response.isCommitted()) {
      callback.failed(failure);
    } else if (primary != null && isUnreachable(failure) && !steering.isOver(visit)) {
      steering.lost(primary, why, visit, this::send);
    } else if (isClosed(failure) && visit.mayReconnect()) {
      steering.guarded(visit, () -> send(visit));
    } else {
      response.reset();
      String hint =
          primary == null
              ? "start the application, or correct 'proxy' in the configuration"
              : "check that Sluice runs there, and that 'advertise' of its proxy is right";
      if (failure instanceof RejectedExecutionException) {
        Answers.later(response, callback, 503, why, "try again later");
      } else if (failure instanceof TimeoutException) {
        Answers.error(response, callback, 504, why, hint);
      } else {
        Answers.error(response, callback, 502, why, hint);
      }
    }
  }

  /** As when the other end has closed a connection that was kept, just as it was used. */
  private static boolean isClosed(Throwable failure) {
    return failure instanceof EOFException
        || failure instanceof ClosedChannelException
        || (failure instanceof IOException && "Connection reset".equals(failure.getMessage()));
  }

  /** What comes after 101 goes through as bytes. */
  private final class Upgrade implements HttpUpgrader {
    private final Visit visit;

    Upgrade(Visit visit) {
      this.visit = visit;
    }

    @Override
    public void prepare(org.eclipse.jetty.client.Request request) {
      // Has its headers already.
    }

    @Override
    public void upgrade(
        org.eclipse.jetty.client.Response answer, EndPoint server, Callback callback) {
      Response response = visit.response();
      response.setStatus(answer.getStatus());
      for (HttpField field : answer.getHeaders()) {
        response.getHeaders().add(field);
      }
      EndPoint client = visit.getConnectionMetaData().getConnection().getEndPoint();
      // The other direction begins when the client has been told.
      Tunnel back = new Tunnel(server, client, executor, () -> {});
      Tunnel there = new Tunnel(client, server, executor, () -> server.upgrade(back));
      visit.setAttribute(HttpStream.UPGRADE_CONNECTION_ATTRIBUTE, there);
      visit.callback().succeeded();
      callback.succeeded();
    }
  }
}
