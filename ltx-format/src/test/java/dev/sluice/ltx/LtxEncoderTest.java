package dev.sluice.ltx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.sluice.ltx.TestDatabase.Bytes;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class LtxEncoderTest {
  private static final LtxHeader CHANGE =
      LtxHeader.transactions(512, 9, 2, 2, 0, Checksums.FLAG | 5);
  private final LtxEncoder encoder = new LtxEncoder();
  private final ByteBuffer page = ByteBuffer.allocateDirect(512);

  @Test
  void needsAStart() {
    assertThatThrownBy(() -> encoder.page(1, page))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("no file was started");
    assertThatThrownBy(() -> encoder.finish(0)).hasMessage("no file was started");
  }

  @Test
  void refusesPagesThatMayNotComeHere() throws IOException {
    encoder.start(CHANGE, new Bytes());
    encoder.page(4, page);
    assertThatThrownBy(() -> encoder.page(4, page))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("page 4 follows page 4, pages must ascend");
    assertThatThrownBy(() -> encoder.page(10, page))
        .hasMessage("page 10 is beyond the end of the database of 9 pages");
    assertThatThrownBy(() -> encoder.page(0, page)).hasMessageStartingWith("page number 0");
    assertThatThrownBy(() -> encoder.page(5, page.slice(0, 511)))
        .hasMessage("page 5 has 511 bytes, page size is 512");
    encoder.page(9, page);
    encoder.finish(Checksums.FLAG | 6);
  }

  @Test
  void snapshotsNeedEveryPageButTheLockPage() throws IOException {
    encoder.start(LtxHeader.snapshot(512, 3, 8, 0), new Bytes());
    assertThatThrownBy(() -> encoder.page(2, page))
        .hasMessage("page 2 follows page 0 in a snapshot");
    encoder.page(1, page);
    encoder.page(2, page);
    assertThatThrownBy(() -> encoder.finish(Checksums.FLAG))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("snapshot of 3 pages lacks page 3");

    int lockPage = Checksums.lockPage(65536);
    PageOrder order = new PageOrder();
    for (int commit : new int[] {lockPage - 1, lockPage, lockPage + 1}) {
      order.start(LtxHeader.snapshot(65536, commit, 1, 0));
      for (int pgno = 1; pgno <= commit; pgno++) {
        assertThat(order.next(pgno) == null).isEqualTo(pgno != lockPage);
      }
      assertThat(order.end()).isNull();
    }
  }

  @Test
  void refusesChecksumsThatDoNotFit() throws IOException {
    encoder.start(CHANGE, new Bytes());
    assertThatThrownBy(() -> encoder.finish(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("post-apply checksum 0000000000000000 lacks bit 63");
    encoder.start(CHANGE.withoutChecksum(), new Bytes());
    assertThatThrownBy(() -> encoder.finish(Checksums.FLAG))
        .hasMessage("post-apply checksum 8000000000000000 in a file without checksums");
    encoder.finish(0);
    encoder.start(LtxHeader.transactions(512, 0, 3, 3, 0, Checksums.FLAG | 5), new Bytes());
    assertThatThrownBy(() -> encoder.finish(Checksums.FLAG | 5))
        .hasMessage("post-apply checksum 8000000000000005 is not that of an empty database");
    encoder.finish(Checksums.EMPTY);
  }

  @Test
  void allocatesNextToNothingAFile() throws IOException {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    LtxSink sink = bytes -> bytes.position(bytes.limit());
    int files = 1000;
    for (int i = 0; i < 3 * files; i++) {
      encode(sink);
    }
    long before = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
    for (int i = 0; i < files; i++) {
      encode(sink);
    }
    long bytes = threads.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
    assertThat(bytes / files).isLessThan(200);
  }

  private void encode(LtxSink sink) throws IOException {
    encoder.start(CHANGE, sink);
    for (int pgno = 1; pgno <= 9; pgno++) {
      encoder.page(pgno, page);
    }
    encoder.finish(Checksums.FLAG | 6);
  }
}
