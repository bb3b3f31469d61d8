package dev.sluice.apply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.sqlite.PageSize;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TransactionPagesTest {
  private static final int SIZE = 65_536;
  private static final int LOCK_PAGE = PageSize.lockPage(SIZE);

  @Test
  void growthIsFilledWithZerosAroundTheLockPage() throws Exception {
    TransactionPages pages =
        pages(LOCK_PAGE + 3, LOCK_PAGE - 3, 1, LOCK_PAGE - 1, LOCK_PAGE, LOCK_PAGE + 2);
    assertThat(drain(pages))
        .containsExactly(
            "1",
            LOCK_PAGE - 2 + " zero",
            "" + (LOCK_PAGE - 1),
            LOCK_PAGE + 1 + " zero",
            "" + (LOCK_PAGE + 2),
            LOCK_PAGE + 3 + " zero");
    assertThat(pages.header()).isPresent();
  }

  @Test
  void withoutGrowthNothingIsAdded() throws Exception {
    assertThat(drain(pages(5, 5, 2, 4))).containsExactly("2", "4");
    assertThat(drain(pages(5, 9, 2))).containsExactly("2");
    assertThat(drain(pages(5, 5))).isEmpty();
  }

  @Test
  void whatCannotBeIsRefused() {
    assertThatThrownBy(() -> drain(pages(5, 5, 3, 3)))
        .isInstanceOf(IOException.class)
        .hasMessage(
            "app.db: page 3 of 65536 bytes cannot follow page 3 in a transaction that leaves 5"
                + " pages of 65536 bytes");
    assertThatThrownBy(() -> drain(pages(5, 5, 6))).hasMessageContaining("page 6");
    assertThatThrownBy(() -> drain(pages(5, 0, 2)))
        .hasMessage("app.db: page 1 of the whole content is missing");
    PageSource small = ReplicaWriterTest.pagesOf(page1(), 512);
    assertThatThrownBy(() -> drain(new TransactionPages(Path.of("app.db"), small, 128, 512, 128)))
        .hasMessage("app.db: page 1 says 65536 bytes a page, the transaction 512");
    PageSource foreign = ReplicaWriterTest.pagesOf(new byte[512], 512);
    assertThatThrownBy(() -> drain(new TransactionPages(Path.of("app.db"), foreign, 1, 512, 1)))
        .hasMessage("app.db: page 1 is not that of a SQLite database");
  }

  private static List<String> drain(TransactionPages pages) throws IOException {
    List<String> seen = new ArrayList<>();
    while (pages.next()) {
      assertThat(pages.page().remaining()).isEqualTo(pages.pageSize());
      boolean isZero = pages.page().mismatch(ByteBuffer.allocate(pages.pageSize())) < 0;
      seen.add(pages.pgno() + (isZero ? " zero" : ""));
    }
    return seen;
  }

  private static byte[] page1() {
    ByteBuffer page = ByteBuffer.allocate(SIZE);
    page.put("SQLite format 3\0".getBytes(StandardCharsets.US_ASCII)).putShort((short) 1);
    return page.array();
  }

  private static TransactionPages pages(int commit, int kept, int... pgnos) {
    PageSource source =
        new PageSource() {
          private int at = -1;

          @Override
          public boolean next() {
            return ++at < pgnos.length;
          }

          @Override
          public int pgno() {
            return pgnos[at];
          }

          @Override
          public ByteBuffer page() {
            return ByteBuffer.wrap(page1());
          }
        };
    return new TransactionPages(Path.of("app.db"), source, commit, SIZE, kept);
  }
}
