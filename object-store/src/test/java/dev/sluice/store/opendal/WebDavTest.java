package dev.sluice.store.opendal;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.sluice.store.ObjectStore;
import dev.sluice.store.ObjectStoreContract;
import dev.sluice.store.Stores;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Against wsgidav, a real server, where it is installed ({@code pip install wsgidav cheroot}). */
@Timeout(60)
final class WebDavTest extends ObjectStoreContract {
  private static final AtomicInteger PREFIXES = new AtomicInteger();
  private static Process server;
  private static int port;

  @BeforeAll
  static void start(@TempDir Path root) throws Exception {
    Optional<Path> program =
        Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
            .map(directory -> Path.of(directory, "wsgidav"))
            .filter(Files::isExecutable)
            .findFirst();
    assumeTrue(program.isPresent(), "skipped: no wsgidav; pip install wsgidav cheroot");
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    server =
        new ProcessBuilder(
                program.get().toString(),
                "--host=127.0.0.1",
                "--port=" + port,
                "--root=" + root,
                "--auth=anonymous",
                "--quiet")
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    for (int tries = 0; tries < 300 && server.isAlive(); tries++) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        if (socket.isConnected()) {
          return;
        }
      } catch (IOException e) {
        server.waitFor(50, TimeUnit.MILLISECONDS);
      }
    }
    throw new IOException("wsgidav does not start");
  }

  @AfterAll
  static void stop() throws InterruptedException {
    if (server != null) {
      server.destroyForcibly().waitFor();
    }
  }

  @Override
  protected ObjectStore open() throws IOException {
    return Stores.open("webdav://127.0.0.1:" + port + "/t" + PREFIXES.incrementAndGet());
  }
}
