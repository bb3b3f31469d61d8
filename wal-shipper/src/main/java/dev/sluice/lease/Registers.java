package dev.sluice.lease;

import dev.sluice.store.ObjectStore;
import dev.sluice.store.StoreUrl;
import dev.sluice.store.Stores;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Opens registers by their URL. */
public final class Registers {
  /** The last segment of an object's key. */
  static final String OBJECT = "sluice-lease";

  /** Of stores whose server compares and swaps. */
  private static final List<String> STORES = List.of("file", "s3");

  private static final String EXPECTED =
      "expected s3://bucket/path, file:///directory, etcd://host:port[,host:port]/key or"
          + " etcds://host:port[,host:port]/key";

  private Registers() {}

  /**
   * Opens the register at a URL: the object {@code sluice-lease} of a store, or a key of etcd. User
   * and password of etcd are taken from {@code ETCD_USER} and {@code ETCD_PASSWORD}, the file with
   * the certificates to trust from {@code ETCD_CACERT}, of the environment. Nothing is asked of a
   * server yet.
   *
   * @throws IllegalArgumentException if the URL is malformed or of a kind that can't keep a lease
   */
  public static Register open(String url) throws IOException {
    return open(url, System.getenv());
  }

  /**
   * As {@link #open(String)}.
   *
   * @param patience how long a server of S3 may say nothing before a request counts as failed,
   *     unless the URL says so itself. As requests wait for each other, one that hangs would
   *     otherwise cost the lease
   */
  public static Register open(String url, Duration patience) throws IOException {
    boolean isPatient = url.regionMatches(true, 0, "s3:", 0, 3) && !url.matches(".*[?&]timeout=.*");
    return open(
        isPatient
            ? url + (url.contains("?") ? "&" : "?") + "timeout=" + patience.toMillis() + "ms"
            : url);
  }

  static Register open(String url, Map<String, String> environment) throws IOException {
    int end = url.startsWith("/") ? 0 : url.indexOf("://");
    if (end < 0) {
      throw new IllegalArgumentException("lease URL without a scheme: " + EXPECTED);
    }
    String scheme = end == 0 ? "file" : url.substring(0, end).toLowerCase(Locale.ROOT);
    if (scheme.equals("etcd") || scheme.equals("etcds")) {
      return EtcdRegister.open(EtcdUrl.parse(url), environment);
    }
    if (!STORES.contains(scheme)) {
      throw new IllegalArgumentException(
          "lease URL '" + scheme + "://…': nothing there can compare and swap; " + EXPECTED);
    }
    StoreUrl parsed = StoreUrl.parse(url);
    ObjectStore store = Stores.open(parsed);
    return new StoreRegister(store, OBJECT, store + "/" + OBJECT);
  }
}
