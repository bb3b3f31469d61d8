package dev.sluice.ltx;

import java.io.IOException;

/**
 * An LTX file does not hold what the format says. The message names the file, the byte offset and
 * what is wrong: {@code app.db 0000…12-0000…12.ltx @0x1a4: page 7 decompresses to 4,090 bytes, page
 * size is 4,096}.
 */
public final class CorruptLtxException extends IOException {
  private static final long serialVersionUID = 1;

  private final long offset;

  /**
   * @param name the file, as the user knows it
   * @param offset where in the file, in bytes
   * @param what what is wrong there
   */
  public CorruptLtxException(String name, long offset, String what) {
    super(name + " @0x" + Long.toHexString(offset) + ": " + what);
    this.offset = offset;
  }

  /** Where in the file, in bytes. */
  public long offset() {
    return offset;
  }
}
