package dev.sluice.cli.system.history;

import dev.sluice.cli.system.history.Violation.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Every write is there once at most, and nothing that failed, in the end and in every read. */
final class OnceCheck implements Check {
  @Override
  public Stream<Violation> violations(History history) {
    Map<String, Write> writes = history.byToken();
    return Stream.concat(
        history.databases().stream()
            .flatMap(
                database ->
                    violations("the end", database, history.last(database), writes).stream()),
        history.reads().stream()
            .flatMap(
                read ->
                    violations(read.toString(), read.database(), read.tokens(), writes).stream()));
  }

  private static List<Violation> violations(
      String where, String database, List<String> tokens, Map<String, Write> writes) {
    List<Violation> found = new ArrayList<>();
    Set<String> met = new HashSet<>();
    for (String token : tokens) {
      if (!met.add(token)) {
        found.add(new Violation(Kind.TWICE, token + " in " + where));
      }
      String why = whyNot(writes.get(token), database);
      if (why != null) {
        found.add(new Violation(Kind.INVENTED, token + " in " + where + ": " + why));
      }
    }
    return found;
  }

  private static @Nullable String whyNot(@Nullable Write write, String database) {
    if (write == null) {
      return "nobody wrote it";
    }
    if (!write.database().equals(database)) {
      return "it was written to " + write.database();
    }
    return write.outcome() == Outcome.FAILED ? "it had failed" : null;
  }
}
