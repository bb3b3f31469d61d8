package dev.sluice.cli;

import dev.sluice.ltx.LtxEncoder;
import dev.sluice.ltx.LtxHeader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** The difference of two databases as a transaction. */
final class TestDelta {
  private TestDelta() {}

  static Path write(Path before, Path after, long txid, Path out) throws IOException {
    byte[] old = Files.readAllBytes(before);
    byte[] now = Files.readAllBytes(after);
    try (DatabaseFile from = DatabaseFile.open(before);
        DatabaseFile to = DatabaseFile.open(after);
        OutputStream file = Files.newOutputStream(out)) {
      int size = to.pageSize();
      LtxEncoder encoder = new LtxEncoder();
      WritableByteChannel channel = Channels.newChannel(file);
      encoder.start(
          LtxHeader.transactions(size, to.pageCount(), txid, txid, 0, from.checksum()),
          channel::write);
      for (int pgno = 1; pgno <= to.pageCount(); pgno++) {
        int at = (pgno - 1) * size;
        if (at >= old.length || !Arrays.equals(old, at, at + size, now, at, at + size)) {
          encoder.page(pgno, ByteBuffer.wrap(now, at, size));
        }
      }
      encoder.finish(to.checksum());
    }
    return out;
  }
}
