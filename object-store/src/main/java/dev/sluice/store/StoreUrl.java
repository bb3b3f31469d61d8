package dev.sluice.store;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where a store is: {@code file:///abs/dir}, an absolute path, or {@code scheme://bucket/prefix}.
 *
 * @param scheme lower-case: {@code file}, {@code s3}, …
 * @param authority bucket or host; empty for {@code file}
 * @param path absolute for {@code file}; otherwise the key prefix, without outer slashes
 * @param query what follows a question mark; empty if nothing
 */
public record StoreUrl(String scheme, String authority, String path, String query) {
  private static final String MASK = "***";

  /** Parameters of which it is known that their values are no secrets. Others are not shown. */
  private static final Set<String> SHOWN =
      Set.of(
          "endpoint",
          "region",
          "path-style",
          "sse",
          "sse-kms-key-id",
          "storage-class",
          "timeout",
          "credential-path",
          "key-path",
          "known-hosts");

  /** A password behind the name of a user, up to the last at sign. */
  private static final Pattern PASSWORD = Pattern.compile("^([^:/?#@]*?)(?::|%3[aA])[^?#]*@");

  /** The user within the URL of a server. */
  private static final Pattern ENDPOINT_USER = Pattern.compile("^((?:[^:/?#@]*://)?)[^?#]*@");

  /**
   * Parses a URL.
   *
   * @throws IllegalArgumentException saying what is wrong with it, without the secrets in it
   */
  public static StoreUrl parse(String text) {
    if (text.startsWith("/")) {
      return new StoreUrl("file", "", text, "");
    }
    int end = text.indexOf("://");
    if (end <= 0) {
      throw bad(text, "expected file:///directory or scheme://bucket/prefix");
    }
    String scheme = text.substring(0, end).toLowerCase(Locale.ROOT);
    if (scheme.equals("file")) {
      String path = text.substring(end + 3);
      if (!path.startsWith("/")) {
        throw bad(text, "the directory must be absolute: file:///" + path);
      }
      return new StoreUrl(scheme, "", path, "");
    }
    try {
      URI uri = new URI(text);
      String path = stripSlashes(orEmpty(uri.getPath()));
      if (!path.isEmpty()) {
        Keys.check(path);
      }
      // Of a name that no host has, as buckets have them, URI knows no user.
      String authority = orEmpty(uri.getRawAuthority());
      if (PASSWORD.matcher(authority).find()) {
        throw bad(text, "it holds a password; docs/stores.md says where each store looks for one");
      }
      return new StoreUrl(scheme, orEmpty(uri.getAuthority()), path, orEmpty(uri.getRawQuery()));
    } catch (URISyntaxException e) {
      throw bad(text, e.getReason());
    }
  }

  /** The directory of a {@code file} URL. */
  Path directory() {
    try {
      return Path.of(path);
    } catch (InvalidPathException e) {
      throw bad(toString(), e.getReason());
    }
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }

  private static String stripSlashes(String path) {
    return path.replaceAll("^/+|/+$", "");
  }

  private static IllegalArgumentException bad(String text, String why) {
    return new IllegalArgumentException("store URL '" + masked(text) + "': " + why);
  }

  /** What somebody has given for a URL, without passwords and other secrets. */
  private static String masked(String text) {
    int question = text.indexOf('?');
    String before = question < 0 ? text : text.substring(0, question);
    int scheme = before.indexOf("://");
    int start = scheme < 0 ? 0 : scheme + 3;
    return before.substring(0, start)
        + withoutPassword(before.substring(start))
        + (question < 0 ? "" : "?" + maskedQuery(text.substring(question + 1)));
  }

  private static String withoutPassword(String authority) {
    return PASSWORD.matcher(authority).replaceFirst("$1:" + Matcher.quoteReplacement(MASK) + "@");
  }

  private static String maskedQuery(String query) {
    return Stream.of(query.split("&", -1))
        .map(StoreUrl::maskedParameter)
        .collect(Collectors.joining("&"));
  }

  private static String maskedParameter(String pair) {
    int equals = pair.indexOf('=');
    if (equals < 0) {
      return pair.isEmpty() ? pair : MASK;
    }
    String name = pair.substring(0, equals);
    String value = pair.substring(equals + 1);
    if (!SHOWN.contains(name)) {
      return name + "=" + MASK;
    }
    return name.equals("endpoint") ? name + "=" + maskedEndpoint(value) : pair;
  }

  private static String maskedEndpoint(String value) {
    if (value.contains("%")) {
      return MASK;
    }
    return ENDPOINT_USER
        .matcher(value)
        .replaceFirst("$1" + Matcher.quoteReplacement(MASK) + "@")
        .replaceFirst("\\?.*", "?" + Matcher.quoteReplacement(MASK));
  }

  /**
   * The URL for people: what may be a secret, the values of unknown parameters and passwords, is
   * {@code ***}. So two URLs that are not equal may look alike; what is shown can be parsed.
   */
  @Override
  public String toString() {
    String separator = path.isEmpty() || path.startsWith("/") ? "" : "/";
    return scheme
        + "://"
        + withoutPassword(authority)
        + separator
        + path
        + (query.isEmpty() ? "" : "?" + maskedQuery(query));
  }
}
