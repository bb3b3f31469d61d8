package dev.sluice.follow;

import dev.sluice.apply.PageSource;
import dev.sluice.ltx.LtxDecoder;
import java.io.IOException;
import java.nio.ByteBuffer;

/** The pages of an LTX file. */
record DecodedPages(LtxDecoder decoder) implements PageSource {
  @Override
  public boolean next() throws IOException {
    return decoder.next();
  }

  @Override
  public int pgno() {
    return decoder.pgno();
  }

  @Override
  public ByteBuffer page() {
    return decoder.page();
  }
}
