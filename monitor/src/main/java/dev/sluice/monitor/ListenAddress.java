package dev.sluice.monitor;

/**
 * Where a server listens.
 *
 * @param host a name or address of this machine; empty for all of them
 * @param port 0 picks a free one
 */
public record ListenAddress(String host, int port) {
  public ListenAddress {
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException("port " + port + ": expected 0 to 65535");
    }
  }

  /**
   * Parses {@code host:port}, {@code [::1]:port}, and {@code :port} for all addresses.
   *
   * @throws IllegalArgumentException naming the text and what was expected
   */
  public static ListenAddress parse(String text) {
    int colon = text.lastIndexOf(':');
    String host = colon < 0 ? "" : text.substring(0, colon);
    String port = text.substring(colon + 1);
    boolean bracketed = host.startsWith("[") && host.endsWith("]");
    if (colon < 0 || !port.matches("[0-9]{1,5}") || (!bracketed && host.contains(":"))) {
      throw new IllegalArgumentException(
          "address \""
              + text
              + "\": expected host:port, such as 127.0.0.1:8080, [::1]:8080 or :8080");
    }
    return new ListenAddress(
        bracketed ? host.substring(1, host.length() - 1) : host, Integer.parseInt(port));
  }

  /** The form {@link #parse} takes. */
  @Override
  public String toString() {
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
  }
}
