package dev.sluice.store;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
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
  /**
   * Parses a URL.
   *
   * @throws IllegalArgumentException saying what is wrong with it
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
      if (orEmpty(uri.getRawUserInfo()).contains(":")) {
        throw new IllegalArgumentException(
            "store URL holds a password; give it in the configuration");
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
    return new IllegalArgumentException("store URL '" + text + "': " + why);
  }

  @Override
  public String toString() {
    String separator = path.isEmpty() || path.startsWith("/") ? "" : "/";
    return scheme + "://" + authority + separator + path + (query.isEmpty() ? "" : "?" + query);
  }
}
