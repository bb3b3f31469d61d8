package dev.sluice.benchmarks.system;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.Arrays;

/**
 * Many clients that wait for one position of a database, each on a connection of its own, by one
 * thread: {@code HOST PORT DATABASE POSITION HOW_MANY}. Says "waiting" when all have asked, and in
 * the end when the first, the median, the 99th of a hundred and the last had its answer, in
 * nanoseconds of the system's monotonic clock.
 */
final class Waiters {
  private Waiters() {}

  /** See above. */
  public static void main(String[] args) throws IOException, InterruptedException {
    InetSocketAddress node = new InetSocketAddress(args[0], Integer.parseInt(args[1]));
    byte[] request =
        ("GET /v1/wait?database="
                + args[2]
                + "&position="
                + args[3]
                + "&timeout=5m HTTP/1.1\r\nHost: node\r\n\r\n")
            .getBytes(US_ASCII);
    int count = Integer.parseInt(args[4]);
    try (Selector selector = Selector.open()) {
      for (int i = 0; i < count; i++) {
        SocketChannel channel = SocketChannel.open(node);
        ByteBuffer bytes = ByteBuffer.wrap(request);
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        channel.configureBlocking(false);
        channel.register(selector, SelectionKey.OP_READ);
      }
      Thread.sleep(3000);
      System.out.println("waiting");
      report(answers(selector, count));
    }
  }

  private static long[] answers(Selector selector, int count) throws IOException {
    long[] answered = new long[count];
    int n = 0;
    ByteBuffer answer = ByteBuffer.allocateDirect(4096);
    while (n < count) {
      selector.select();
      var ready = selector.selectedKeys().iterator();
      while (ready.hasNext()) {
        SelectionKey key = ready.next();
        ready.remove();
        SocketChannel channel = (SocketChannel) key.channel();
        int length = channel.read(answer.clear());
        answered[n++] = System.nanoTime();
        byte[] start = new byte[12];
        if (length < start.length) {
          throw new IOException("a connection ended without an answer");
        }
        answer.flip().get(start);
        String line = new String(start, US_ASCII);
        if (!line.equals("HTTP/1.1 200")) {
          throw new IOException("answered " + line);
        }
        key.cancel();
      }
    }
    return answered;
  }

  private static void report(long[] answered) {
    Arrays.sort(answered);
    int count = answered.length;
    System.out.printf(
        "%d %d %d %d%n",
        answered[0], answered[count / 2], answered[count * 99 / 100], answered[count - 1]);
  }
}
