package dev.sluice.cli.system.history;

import dev.sluice.cli.system.history.Violation.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** What a client wrote is in the order in which it wrote it, in the end and in every read. */
final class OrderCheck implements Check {
  @Override
  public Stream<Violation> violations(History history) {
    Map<String, Write> writes = history.byToken();
    return Stream.concat(
        history.databases().stream()
            .flatMap(database -> violations("the end", history.last(database), writes).stream()),
        history.reads().stream()
            .flatMap(read -> violations(read.toString(), read.tokens(), writes).stream()));
  }

  private static List<Violation> violations(
      String where, List<String> tokens, Map<String, Write> writes) {
    List<Violation> found = new ArrayList<>();
    Map<Integer, Write> latest = new HashMap<>();
    for (String token : tokens) {
      Write write = writes.get(token);
      if (write == null) {
        continue;
      }
      Write before = latest.put(write.node(), write);
      if (before != null && before.sequence() > write.sequence()) {
        found.add(
            new Violation(Kind.ORDER, token + " comes after " + before.token() + " in " + where));
      }
    }
    return found;
  }
}
