package dev.sluice.fuse;

import dev.sluice.capture.Capture;
import java.nio.file.Path;

final class TmpMain {
  private TmpMain() {}

  public static void main(String[] a) throws Exception {
    Mount m = Mount.open(Path.of(a[0]), Path.of(a[1]), r -> new Capture());
    System.out.println("ready");
    Runtime.getRuntime().addShutdownHook(new Thread(() -> m.close(2000)));
    m.join();
  }
}
