package dev.sluice.lease;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a key of etcd is: {@code etcd://host:port[,host:port]/key}, or {@code etcds://} over TLS.
 *
 * @param endpoints the members of the cluster, {@code host:port} each
 * @param key without a slash in front
 */
record EtcdUrl(boolean tls, List<String> endpoints, String key) {
  private static final Pattern URL =
      Pattern.compile("(?i:etcd(s?))://([^/?#]*)/([^?#]*)", Pattern.DOTALL);

  /** A name or an IPv4 address, and a port: jetcd can't be given an IPv6 address. */
  private static final Pattern ENDPOINT = Pattern.compile("[A-Za-z0-9._-]+:([0-9]{1,5})");

  private static final String EXPECTED = "expected etcd://host:port[,host:port]/key";

  EtcdUrl {
    endpoints = List.copyOf(endpoints);
  }

  /**
   * @throws IllegalArgumentException saying what is wrong with it, without a password in it
   */
  static EtcdUrl parse(String text) {
    Matcher url = URL.matcher(text);
    // First: what is wrong may be shown then.
    if (text.contains("@")) {
      throw new IllegalArgumentException(
          "lease URL 'etcd://***@…': no user or password in it; they are taken from ETCD_USER and"
              + " ETCD_PASSWORD of the environment");
    }
    if (!url.matches()) {
      throw bad(text, EXPECTED);
    }
    List<String> endpoints = List.of(url.group(2).split(",", -1));
    for (String endpoint : endpoints) {
      Matcher parts = ENDPOINT.matcher(endpoint);
      if (!parts.matches() || Integer.parseInt(parts.group(1)) > 65_535) {
        throw bad(text, "'" + endpoint + "' is not host:port; " + EXPECTED);
      }
    }
    if (url.group(3).isEmpty()) {
      throw bad(text, "it names no key; " + EXPECTED);
    }
    return new EtcdUrl(!url.group(1).isEmpty(), endpoints, url.group(3));
  }

  private static IllegalArgumentException bad(String text, String why) {
    return new IllegalArgumentException("lease URL '" + text + "': " + why);
  }

  @Override
  public String toString() {
    return (tls ? "etcds://" : "etcd://") + String.join(",", endpoints) + "/" + key;
  }
}
