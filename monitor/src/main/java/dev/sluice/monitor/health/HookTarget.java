package dev.sluice.monitor.health;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Locale;

/**
 * Where events are told. Its text form tells no secret: a URL may have one in its path, and a
 * command among its arguments.
 */
public interface HookTarget {
  /** What one event may take. */
  Duration TIME_LIMIT = Duration.ofSeconds(10);

  /**
   * A URL, when the text begins with {@code http://} or {@code https://}, otherwise a command for
   * the shell.
   *
   * @throws IllegalArgumentException when it is neither; the message does not tell it
   */
  static HookTarget parse(String text) {
    String trimmed = text.strip();
    if (trimmed.isEmpty()) {
      throw new IllegalArgumentException("expected a command, or a URL that begins with http");
    }
    String lower = trimmed.toLowerCase(Locale.ROOT);
    if (!lower.startsWith("http://") && !lower.startsWith("https://")) {
      return new HookCommand(trimmed, TIME_LIMIT);
    }
    URI url;
    try {
      url = URI.create(trimmed);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("the URL makes no sense; expected https://host/path");
    }
    if (url.getHost() == null) {
      throw new IllegalArgumentException("the URL has no host; expected https://host/path");
    }
    return new HookUrl(url, TIME_LIMIT);
  }

  /**
   * Tells an event. Blocks, for the time limit at most.
   *
   * @throws IOException when it was not taken; the message tells no secret
   */
  void tell(byte[] json) throws IOException, InterruptedException;
}
