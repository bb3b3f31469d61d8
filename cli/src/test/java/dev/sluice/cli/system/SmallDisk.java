package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.sluice.cli.Run;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Disks that can be full. Tests are skipped where mounting is refused. */
final class SmallDisk {
  private SmallDisk() {}

  /** A small disk of its own at a path of the sandbox. */
  static Path mount(Sandbox sandbox, String kind, String name, int mebibytes) throws Exception {
    if (!kind.equals("tmpfs")) {
      return loop(sandbox, kind, sandbox.path(name + ".image"), name, mebibytes);
    }
    Path disk = Files.createDirectories(sandbox.path(name));
    Run run = Run.process("mount", "-t", "tmpfs", "-o", "size=" + mebibytes + "m", "none", disk);
    assumeTrue(run.status() == 0, "mounting is refused here: " + run.err().strip());
    return disk;
  }

  /** The same, with its content in an image. */
  static Path loop(Sandbox sandbox, String kind, Path image, String name, int mebibytes)
      throws Exception {
    assumeTrue(Run.find("mkfs." + kind).isPresent(), "there is no mkfs." + kind);
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength((long) mebibytes << 20);
    }
    Path disk = Files.createDirectories(sandbox.path(name));
    Run run = Run.process("mkfs." + kind, "-q", "-m", "0", image);
    assertThat(run.status()).as(run.err()).isZero();
    run = Run.process("mount", "-o", "loop", image, disk);
    assumeTrue(run.status() == 0, "mounting is refused here: " + run.err().strip());
    Files.deleteIfExists(disk.resolve("lost+found"));
    return disk;
  }

  /** Leaves about so many KiB free. */
  static void fill(Path disk, int kibibytes) throws IOException {
    Path filler = disk.resolve("filler");
    byte[] block = new byte[4096];
    Arrays.fill(block, (byte) 1);
    try (OutputStream out = Files.newOutputStream(filler)) {
      while (true) {
        out.write(block);
      }
    } catch (IOException full) {
      long size = Files.size(filler);
      try (RandomAccessFile file = new RandomAccessFile(filler.toFile(), "rw")) {
        file.setLength(Math.max(0, size - kibibytes * 1024L));
      }
    }
  }

  /** Makes room again. */
  static void empty(Path disk) throws IOException {
    Files.delete(disk.resolve("filler"));
  }
}
