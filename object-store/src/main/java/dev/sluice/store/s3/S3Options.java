package dev.sluice.store.s3;

import dev.sluice.store.StoreQuery;
import dev.sluice.store.StoreUrl;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a URL says of a bucket.
 *
 * @param endpoint where the server is; empty for Amazon's own
 * @param region empty: from the environment or the profile
 * @param pathStyle whether the bucket stands in the path rather than in the host name
 * @param encryption how the server encrypts, {@code AES256} or {@code aws:kms}
 * @param kmsKeyId the key for {@code aws:kms}; empty: the account's default
 * @param storageClass as S3 names it; empty: the bucket's default
 * @param silence how long the server may say nothing before a request counts as failed
 * @param pageKeys keys in a page of a list, at most 1,000
 */
record S3Options(
    String bucket,
    Optional<URI> endpoint,
    Optional<String> region,
    boolean pathStyle,
    Optional<String> encryption,
    Optional<String> kmsKeyId,
    Optional<String> storageClass,
    Duration silence,
    int pageKeys) {
  private static final Duration SILENCE = Duration.ofSeconds(30);

  private static final int PAGE_KEYS = 1000;

  private static final List<String> PARAMETERS =
      List.of(
          "endpoint", "region", "path-style", "sse", "sse-kms-key-id", "storage-class", "timeout");

  private static final Pattern TIMEOUT = Pattern.compile("([1-9][0-9]{0,5})(ms|s)");

  static S3Options of(StoreUrl url) {
    StoreQuery query = StoreQuery.of(url, PARAMETERS);
    if (!url.authority().matches("[a-zA-Z0-9][a-zA-Z0-9._-]+")) {
      throw query.bad("'" + url.authority() + "' is no name of a bucket: s3://bucket/prefix");
    }
    Optional<URI> endpoint = query.get("endpoint").map(text -> endpoint(query, text));
    Optional<String> encryption = query.get("sse");
    if (encryption.isPresent() && !List.of("AES256", "aws:kms").contains(encryption.get())) {
      throw query.bad("parameter sse is '" + encryption.get() + "', not AES256 or aws:kms");
    }
    Optional<String> kmsKeyId = query.get("sse-kms-key-id");
    if (kmsKeyId.isPresent() && !encryption.equals(Optional.of("aws:kms"))) {
      throw query.bad("parameter sse-kms-key-id needs sse=aws:kms");
    }
    return new S3Options(
        url.authority(),
        endpoint,
        query.get("region"),
        // Servers other than Amazon's rarely have a host name for each bucket.
        query.getBoolean("path-style").orElse(endpoint.isPresent()),
        encryption,
        kmsKeyId,
        query.get("storage-class"),
        query.get("timeout").map(text -> timeout(query, text)).orElse(SILENCE),
        PAGE_KEYS);
  }

  private static Duration timeout(StoreQuery query, String text) {
    Matcher parts = TIMEOUT.matcher(text);
    if (!parts.matches()) {
      throw query.bad("parameter timeout is '" + text + "', not a time such as 5s or 500ms");
    }
    long number = Long.parseLong(parts.group(1));
    return parts.group(2).equals("s") ? Duration.ofSeconds(number) : Duration.ofMillis(number);
  }

  private static URI endpoint(StoreQuery query, String text) {
    if (text.contains("@")) {
      throw query.bad("parameter endpoint holds a user; credentials come from the environment");
    }
    try {
      URI uri = new URI(text.contains("://") ? text : "https://" + text);
      if (!List.of("http", "https").contains(uri.getScheme()) || uri.getHost() == null) {
        throw query.bad("parameter endpoint is '" + text + "', not http(s)://host:port");
      }
      return uri;
    } catch (URISyntaxException e) {
      throw query.bad("parameter endpoint is '" + text + "': " + e.getReason());
    }
  }

  /** With other limits than those of every day. */
  S3Options with(Duration otherSilence, int otherPageKeys) {
    return new S3Options(
        bucket,
        endpoint,
        region,
        pathStyle,
        encryption,
        kmsKeyId,
        storageClass,
        otherSilence,
        otherPageKeys);
  }
}
