package dev.sluice.monitor.proxy;

import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Which requests are writes, before anybody has seen what they do. In a glob {@code *} stays within
 * a part of the path, {@code **} does not, and {@code ?} is one character.
 */
final class PathRules {
  private static final Set<String> READING = Set.of("GET", "HEAD", "OPTIONS", "TRACE");

  private final List<Pattern> writes;
  private final List<Pattern> reads;

  PathRules(List<String> writePaths, List<String> readPaths) {
    writes = writePaths.stream().map(PathRules::pattern).toList();
    reads = readPaths.stream().map(PathRules::pattern).toList();
  }

  /**
   * @param path without its query
   */
  boolean isWrite(String method, String path) {
    if (matches(writes, path)) {
      return true;
    }
    return !READING.contains(method) && !matches(reads, path);
  }

  /** Whether such a request may be sent twice, to be answered once. */
  static boolean isSafe(String method) {
    return READING.contains(method);
  }

  private static boolean matches(List<Pattern> patterns, String path) {
    return patterns.stream().anyMatch(pattern -> pattern.matcher(path).matches());
  }

  private static Pattern pattern(String glob) {
    StringBuilder regex = new StringBuilder();
    for (int i = 0; i < glob.length(); i++) {
      char c = glob.charAt(i);
      if (c == '*' && i + 1 < glob.length() && glob.charAt(i + 1) == '*') {
        regex.append(".*");
        i++;
      } else if (c == '*') {
        regex.append("[^/]*");
      } else if (c == '?') {
        regex.append("[^/]");
      } else {
        regex.append(Pattern.quote(String.valueOf(c)));
      }
    }
    return Pattern.compile(regex.toString(), Pattern.DOTALL);
  }
}
