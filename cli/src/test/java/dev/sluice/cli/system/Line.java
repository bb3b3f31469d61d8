package dev.sluice.cli.system;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A way to a port of this machine that can be cut. */
final class Line {
  private final int target;
  private final ServerSocket server;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private volatile boolean cut;

  Line(int target) throws IOException {
    this.target = target;
    this.server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    thread(this::accept);
  }

  String url() {
    return "http://127.0.0.1:" + server.getLocalPort();
  }

  /** Nothing goes through until {@link #mend}. */
  void cut() throws IOException {
    cut = true;
    for (Socket socket : open) {
      socket.close();
    }
  }

  void mend() {
    cut = false;
  }

  private static void thread(Runnable task) {
    Thread thread = new Thread(task, "line");
    thread.setDaemon(true);
    thread.start();
  }

  private void accept() {
    while (true) {
      try {
        Socket from = server.accept();
        open.add(from);
        thread(() -> serve(from));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket from) {
    try (from;
        Socket to = new Socket(InetAddress.getLoopbackAddress(), target)) {
      open.add(to);
      to.setTcpNoDelay(true);
      from.setTcpNoDelay(true);
      thread(() -> copy(to, from));
      if (!cut) {
        copy(from, to);
      }
      open.remove(to);
    } catch (IOException e) {
      // Nobody is there, or it was cut.
    } finally {
      open.remove(from);
    }
  }

  private void copy(Socket from, Socket to) {
    try {
      byte[] buffer = new byte[16 << 10];
      InputStream in = from.getInputStream();
      for (int n = in.read(buffer); n >= 0 && !cut; n = in.read(buffer)) {
        to.getOutputStream().write(buffer, 0, n);
      }
    } catch (IOException e) {
      // It was cut, or one of the two has left.
    }
    try {
      from.close();
      to.close();
    } catch (IOException e) {
      // It is gone all the same.
    }
  }
}
