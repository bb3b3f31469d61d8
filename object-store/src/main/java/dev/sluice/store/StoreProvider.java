package dev.sluice.store;

import java.io.IOException;
import java.util.Set;

/**
 * Opens the stores of some URL schemes. Found by {@link java.util.ServiceLoader} once a URL of
 * another scheme than {@code file} is opened, so that no library of a store is loaded without need.
 * Making one must load none either.
 */
public interface StoreProvider {
  /** The schemes, lower-case. */
  Set<String> schemes();

  /**
   * Opens a store, without retries.
   *
   * @param listener hears of every request that goes to the server
   * @throws IllegalArgumentException if the URL is malformed
   */
  ObjectStore open(StoreUrl url, StoreListener listener) throws IOException;
}
