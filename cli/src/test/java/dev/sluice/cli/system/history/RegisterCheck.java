package dev.sluice.cli.system.history;

import dev.sluice.cli.system.history.Violation.Kind;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The register holds what was written to it last of the transactions in the list that was read with
 * it.
 */
final class RegisterCheck implements Check {
  @Override
  public Stream<Violation> violations(History history) {
    Map<String, Write> writes = history.byToken();
    return history.reads().stream()
        .flatMap(
            read -> {
              String expected = null;
              for (String token : read.tokens()) {
                Write write = writes.get(token);
                expected = write != null && write.register() ? token : expected;
              }
              return violation(read, expected);
            });
  }

  private static Stream<Violation> violation(Read read, @Nullable String expected) {
    return Objects.equals(expected, read.register())
        ? Stream.empty()
        : Stream.of(
            new Violation(
                Kind.TORN, read + " has the register at " + read.register() + ", not " + expected));
  }
}
