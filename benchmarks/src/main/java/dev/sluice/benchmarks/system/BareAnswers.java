package dev.sluice.benchmarks.system;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

/**
 * What {@link Waiters} would see of a server that does nothing but write: {@code HOW_MANY}. Says
 * its port, takes a request on each of so many connections, and once a line comes in, writes the
 * same answer to all of them in a loop. Says then when it began, in nanoseconds of the system's
 * monotonic clock.
 */
final class BareAnswers {
  private static final byte[] BODY =
      "{\"outcome\":\"reached\",\"position\":\"0000000000000004/94415bac3ba147ef\"}"
          .getBytes(US_ASCII);
  private static final int BACKLOG = 10_000;

  private BareAnswers() {}

  /** See above. */
  public static void main(String[] args) throws IOException {
    int count = Integer.parseInt(args[0]);
    byte[] head =
        ("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n"
                + "Content-Length: %d\r\n\r\n".formatted(BODY.length))
            .getBytes(US_ASCII);
    ByteBuffer answer = ByteBuffer.allocateDirect(head.length + BODY.length).put(head).put(BODY);
    try (ServerSocketChannel server = ServerSocketChannel.open()) {
      server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), BACKLOG);
      System.out.println(server.socket().getLocalPort());
      List<SocketChannel> clients = new ArrayList<>();
      ByteBuffer request = ByteBuffer.allocateDirect(4096);
      while (clients.size() < count) {
        SocketChannel client = server.accept();
        if (client.read(request.clear()) < 0) {
          throw new IOException("a client left");
        }
        clients.add(client);
      }
      if (System.in.read() < 0) {
        throw new IOException("nobody says when");
      }
      long began = System.nanoTime();
      for (SocketChannel client : clients) {
        answer.flip();
        while (answer.hasRemaining()) {
          client.write(answer);
        }
        answer.limit(answer.capacity()).position(answer.capacity());
      }
      System.out.println(began);
    }
  }
}
