package dev.sluice.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DirectAppenderTest {
  private static final int PIECE = 4 << 20;

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 4095, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 5 * PIECE + 4097})
  void aFileOfAnySizeIsWrittenWhole(int size, @TempDir Path directory) throws IOException {
    check(size, directory);
  }

  @Test
  void alsoWhereThePageCacheCantBePassedBy() throws IOException {
    Path memory = Path.of("/dev/shm");
    assumeTrue(Files.isWritable(memory), "needs /dev/shm");
    Path directory = Files.createTempDirectory(memory, "appender");
    try {
      check(2 * PIECE + 77, directory);
    } finally {
      Files.delete(directory.resolve("file"));
      Files.delete(directory);
    }
  }

  private static void check(int size, Path directory) throws IOException {
    byte[] bytes = new byte[size];
    Random random = new Random(size);
    random.nextBytes(bytes);
    Path path = directory.resolve("file");
    try (NativeFile file = NativeFile.open(path, Libc.O_RDWR | Libc.O_CREAT | Libc.O_EXCL);
        DirectAppender appender = new DirectAppender(file, path)) {
      for (int at = 0; at < size; ) {
        int n = Math.min(size - at, 1 + random.nextInt(300_000));
        appender.write(ByteBuffer.wrap(bytes, at, n));
        at += n;
        assertThat(appender.sizeBytes()).isEqualTo(at);
      }
      appender.finish();
      assertThat(appender.sizeBytes()).isEqualTo(size);
    }
    assertThat(Files.readAllBytes(path)).isEqualTo(bytes);
  }

  @Test
  void aFullDiskIsAnErrorOfTheNextCall(@TempDir Path directory) throws IOException {
    Path full = Path.of("/dev/full");
    assumeTrue(Files.isWritable(full), "needs /dev/full");
    try (NativeFile file = NativeFile.open(full, Libc.O_RDWR);
        DirectAppender appender = new DirectAppender(file, full)) {
      assertThatThrownBy(
              () -> {
                appender.write(ByteBuffer.allocate(PIECE));
                appender.finish();
              })
          .isInstanceOf(ErrnoException.class)
          .hasMessageContaining("ENOSPC");
    }
  }
}
