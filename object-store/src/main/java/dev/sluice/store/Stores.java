package dev.sluice.store;

import java.io.IOException;
import java.util.ServiceLoader;
import java.util.TreeSet;

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
    return open(url, request -> {});
  }

  /**
   * Opens a store without retries, whose listener hears of every request that goes to the server:
   * also of each part of a large object and each page of a list, which {@link MeteredStore} around
   * a store can't see.
   *
   * @throws IllegalArgumentException if the URL is malformed or of an unknown scheme
   */
  public static ObjectStore open(StoreUrl url, StoreListener listener) throws IOException {
    if (url.scheme().equals("file")) {
      return new MeteredStore(new DirectoryStore(url.directory()), listener);
    }
    TreeSet<String> known = new TreeSet<>();
    for (StoreProvider provider : ServiceLoader.load(StoreProvider.class)) {
      if (provider.schemes().contains(url.scheme())) {
        return provider.open(url, listener);
      }
      known.addAll(provider.schemes());
    }
    throw new IllegalArgumentException(
        "store URL '"
            + url
            + "': no such kind of store; there are file:///directory, "
            + String.join(", ", known.stream().map(scheme -> scheme + "://…").toList()));
  }
}
