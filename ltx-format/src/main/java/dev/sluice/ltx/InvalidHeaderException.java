package dev.sluice.ltx;

/** A header field breaks a rule; carries the offset of the field so that a reader can name it. */
final class InvalidHeaderException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  private final int offset;
  private final String what;

  InvalidHeaderException(int offset, String what) {
    super(what);
    this.offset = offset;
    this.what = what;
  }

  /** Offset of the field in the file, in bytes. */
  int offset() {
    return offset;
  }

  /** Which rule it breaks. */
  String what() {
    return what;
  }
}
