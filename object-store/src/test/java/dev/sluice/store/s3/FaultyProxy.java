package dev.sluice.store.s3;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Stands in front of an HTTP server and hands requests through, but for those that are to fail. One
 * request for each connection.
 */
public final class FaultyProxy implements AutoCloseable {
  /** What can go wrong. */
  public enum Fault {
    /** Answers 429 without asking the server. */
    TOO_MANY,
    /** Answers 503 SlowDown without asking the server. */
    SLOW_DOWN,
    /** Closes the connection without asking the server. */
    DROPPED,
    /** Reads the request and says nothing. */
    HANGS,
    /** Does not even read the content of the request. */
    HANGS_UNREAD,
    /** The server does it; its answer is lost. */
    ANSWER_LOST,
    /** Half of the answer comes. */
    ANSWER_CUT,
    /** Answers as it did the last time when asked the same. */
    ANSWER_OLD
  }

  private record Injection(Fault fault, String requestLine, AtomicInteger times) {}

  private final int server;

  /** Guarded by {@code this}. */
  private ServerSocket listener;

  private final List<Injection> injections = new ArrayList<>();
  private final List<String> requests = new ArrayList<>();
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final AtomicReference<byte @Nullable []> lastList = new AtomicReference<>();

  /** In front of a server on a port of this machine. */
  public FaultyProxy(int server) throws IOException {
    this.server = server;
    listener = listen(0);
  }

  private ServerSocket listen(int port) throws IOException {
    ServerSocket socket = new ServerSocket(port, 50, InetAddress.getLoopbackAddress());
    start("faulty-proxy", () -> accept(socket));
    return socket;
  }

  /** Where clients find it. */
  public synchronized String endpoint() {
    return "http://127.0.0.1:" + listener.getLocalPort();
  }

  /** The next requests whose first line, {@code METHOD path HTTP/1.1}, matches fail. */
  public synchronized void inject(Fault fault, String requestLine, int times) {
    injections.add(new Injection(fault, requestLine, new AtomicInteger(times)));
  }

  /** Refuses connections, and breaks those that there are, until {@link #heal}. */
  public synchronized void refuse() throws IOException {
    listener.close();
    open.forEach(this::close);
  }

  /** No request fails from now on. Connections that hang are broken. */
  public synchronized void heal() throws IOException {
    injections.clear();
    open.forEach(this::close);
    if (listener.isClosed()) {
      listener = listen(listener.getLocalPort());
    }
  }

  /** First lines of all requests so far. */
  public synchronized List<String> requests() {
    return List.copyOf(requests);
  }

  private synchronized @Nullable Fault strike(String line) {
    requests.add(line);
    for (Injection injection : injections) {
      if (line.matches(injection.requestLine)
          && injection.times.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
        return injection.fault;
      }
    }
    return null;
  }

  private static void start(String name, Runnable task) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    thread.start();
  }

  private void accept(ServerSocket socket) {
    while (!socket.isClosed()) {
      try {
        Socket client = socket.accept();
        open.add(client);
        start("faulty-proxy-connection", () -> serve(client));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket client) {
    boolean hang = false;
    try {
      hang = !handle(client);
    } catch (IOException e) {
      // The client has gone; so does the connection.
    } finally {
      if (!hang) {
        close(client);
      }
    }
  }

  /** False if the connection is to stay as it is. */
  private boolean handle(Socket client) throws IOException {
    InputStream in = client.getInputStream();
    String head = readHead(in);
    if (head.isEmpty()) {
      return true;
    }
    String line = head.substring(0, head.indexOf("\r\n"));
    Fault fault = strike(line);
    if (fault == Fault.HANGS_UNREAD) {
      return false;
    }
    byte[] content = in.readNBytes(contentLength(head));
    OutputStream out = client.getOutputStream();
    if (fault == Fault.HANGS) {
      return false;
    } else if (fault == Fault.TOO_MANY) {
      out.write(answer("429 Too Many Requests", "TooManyRequests"));
      return true;
    } else if (fault == Fault.SLOW_DOWN) {
      out.write(answer("503 Service Unavailable", "SlowDown"));
      return true;
    } else if (fault == Fault.DROPPED) {
      return true;
    }
    byte[] old = lastList.get();
    byte[] answer = fault == Fault.ANSWER_OLD && old != null ? old : ask(head, content);
    if (line.contains("list-type=2") && fault != Fault.ANSWER_OLD) {
      lastList.set(answer);
    }
    if (fault == Fault.ANSWER_CUT) {
      out.write(answer, 0, answer.length - 100);
    } else if (fault != Fault.ANSWER_LOST) {
      out.write(answer);
    }
    return true;
  }

  private byte[] ask(String head, byte[] content) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server)) {
      OutputStream out = socket.getOutputStream();
      String closing = head.replaceAll("(?i)\r\nConnection: [^\r]*", "");
      closing = closing.substring(0, closing.length() - 2) + "Connection: close\r\n\r\n";
      out.write(closing.getBytes(StandardCharsets.ISO_8859_1));
      out.write(content);
      out.flush();
      return socket.getInputStream().readAllBytes();
    }
  }

  private static byte[] answer(String status, String code) {
    String body = "<Error><Code>" + code + "</Code><Message>injected</Message></Error>";
    return ("HTTP/1.1 "
            + status
            + "\r\nContent-Type: application/xml\r\nConnection: close\r\nContent-Length: "
            + body.length()
            + "\r\n\r\n"
            + body)
        .getBytes(StandardCharsets.ISO_8859_1);
  }

  private static String readHead(InputStream in) throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    int matched = 0;
    while (matched < 4) {
      int b = in.read();
      if (b < 0) {
        return "";
      }
      head.write(b);
      matched = b == "\r\n\r\n".charAt(matched) ? matched + 1 : b == '\r' ? 1 : 0;
    }
    return head.toString(StandardCharsets.ISO_8859_1);
  }

  private static int contentLength(String head) {
    for (String line : head.split("\r\n", -1)) {
      if (line.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
        return Integer.parseInt(line.substring(line.indexOf(':') + 1).strip());
      }
    }
    return 0;
  }

  private void close(Socket client) {
    open.remove(client);
    try {
      client.close();
    } catch (IOException e) {
      // It is gone.
    }
  }

  @Override
  public synchronized void close() throws IOException {
    listener.close();
    open.forEach(this::close);
  }
}
