package dev.sluice.fuse;

import dev.sluice.capture.Capture;
import dev.sluice.log.Databases;
import java.nio.file.Path;

final class TmpMain {
  private TmpMain() {}

  public static void main(String[] a) throws Exception {
    Path data = Path.of(a[0]);
    Databases dbs = Databases.open(data.resolve(".sluice/db"));
    Capture[] c = new Capture[1];
    Mount m =
        Mount.open(
            data,
            Path.of(a[1]),
            r -> {
              c[0] = new Capture(data, dbs, r, false);
              try {
                c[0].reconcile();
              } catch (java.io.IOException e) {
                throw new java.io.UncheckedIOException(e);
              }
              return c[0];
            });
    c[0].mountedAt(Path.of(a[1]));
    System.out.println("ready");
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  m.close(2000);
                  c[0].close();
                  dbs.close();
                }));
    m.join();
  }
}
