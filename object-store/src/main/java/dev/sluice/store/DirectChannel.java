package dev.sluice.store;

import com.sun.nio.file.ExtendedOpenOption;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** Opens files to be written past the page cache, which large ones would only sweep clean. */
public final class DirectChannel {
  /** Positions, lengths and buffers are multiples of it. */
  public static final int BLOCK_BYTES = 4096;

  private DirectChannel() {}

  /** Opens a file that is there; null where its file system can't do that. */
  public static @Nullable FileChannel open(Path file) {
    try {
      return BLOCK_BYTES % Files.getFileStore(file).getBlockSize() == 0
          ? FileChannel.open(file, StandardOpenOption.WRITE, ExtendedOpenOption.DIRECT)
          : null;
    } catch (IOException | UnsupportedOperationException e) {
      return null;
    }
  }
}
