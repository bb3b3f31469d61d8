package dev.sluice.store;

import java.io.IOException;

/** Opens stores by their URL. */
public final class Stores {
  private Stores() {}

  /**
   * Opens a store, without retries or metering: wrap it.
   *
   * @throws IllegalArgumentException if the URL is malformed or of an unknown scheme
   */
  public static ObjectStore open(String url) throws IOException {
    return open(StoreUrl.parse(url));
  }

  /** As {@link #open(String)}. */
  public static ObjectStore open(StoreUrl url) throws IOException {
    if (url.scheme().equals("file")) {
      return new DirectoryStore(url.directory());
    }
    throw new IllegalArgumentException(
        "store URL '" + url + "': this version knows file:///directory only");
  }
}
