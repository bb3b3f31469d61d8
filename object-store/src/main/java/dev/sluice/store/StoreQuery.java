package dev.sluice.store;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The parameters of a store URL, {@code name=value&…}, of names that its scheme knows. */
public final class StoreQuery {
  private final StoreUrl url;
  private final Map<String, String> values = new TreeMap<>();

  private StoreQuery(StoreUrl url) {
    this.url = url;
  }

  /**
   * The parameters of a URL.
   *
   * @throws IllegalArgumentException for a name that is not among the known ones, or given twice
   */
  public static StoreQuery of(StoreUrl url, Collection<String> known) {
    StoreQuery query = new StoreQuery(url);
    for (String pair : url.query().split("&", -1)) {
      if (pair.isEmpty()) {
        continue;
      }
      int equals = pair.indexOf('=');
      String name = decode(equals < 0 ? pair : pair.substring(0, equals));
      if (!known.contains(name)) {
        throw query.bad(
            "unknown parameter '"
                + name
                + "'; known are "
                + new TreeSet<>(known).stream().collect(Collectors.joining(", ")));
      }
      String value = equals < 0 ? "" : decode(pair.substring(equals + 1));
      if (value.isEmpty()) {
        throw query.bad("parameter " + name + " has no value");
      }
      if (query.values.put(name, value) != null) {
        throw query.bad("parameter " + name + " is given twice");
      }
    }
    return query;
  }

  /** The value of a parameter, if it is given. */
  public Optional<String> get(String name) {
    return Optional.ofNullable(values.get(name));
  }

  /** The value of a parameter that says yes or no, if it is given. */
  public Optional<Boolean> getBoolean(String name) {
    return get(name)
        .map(
            value ->
                switch (value) {
                  case "true" -> true;
                  case "false" -> false;
                  default ->
                      throw bad("parameter " + name + " is '" + value + "', not true or false");
                });
  }

  /** An error that names the URL, without its parameters: one may hold a secret by mistake. */
  public IllegalArgumentException bad(String why) {
    StoreUrl shown = new StoreUrl(url.scheme(), url.authority(), url.path(), "");
    return new IllegalArgumentException("store URL '" + shown + "': " + why);
  }

  private static String decode(String text) {
    // A plus sign stands for itself, as in the rest of a URL.
    return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
  }
}
