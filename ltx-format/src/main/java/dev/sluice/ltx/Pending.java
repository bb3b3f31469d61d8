package dev.sluice.ltx;

final class Pending {
  private Pending() {}

  @SuppressWarnings({"DoNotCallSuggester", "TypeParameterUnusedInFormals"})
  static <T> T missing() {
    throw new UnsupportedOperationException("not written yet");
  }
}
