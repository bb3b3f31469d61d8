package dev.sluice.cli.system.history;

import dev.sluice.cli.system.history.Violation.Kind;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Reads see whole transactions, all up to some moment, and at least what their node had granted,
 * acknowledged or shown before. What is lost in the end is excused: it may have been taken back in
 * between, and {@link LossCheck} says whether it may be lost.
 */
final class ReadCheck implements Check {
  /** What a node has to show: of the list in the end so much. */
  private record Shown(long sinceNanos, int count, String why) {}

  @Override
  public Stream<Violation> violations(History history) {
    return history.databases().stream().flatMap(database -> violations(history, database).stream());
  }

  private List<Violation> violations(History history, String database) {
    List<Read> reads =
        history.reads().stream()
            .filter(read -> read.database().equals(database))
            .sorted(Comparator.comparingLong(Read::startNanos))
            .toList();
    Map<String, Integer> places = history.places(database);
    List<Violation> found = new ArrayList<>();
    Map<Integer, List<Shown>> shown = new HashMap<>();
    for (Write write : history.writes()) {
      Integer place = places.get(write.token());
      if (write.isOk() && write.database().equals(database) && place != null) {
        shown
            .computeIfAbsent(write.node(), node -> new ArrayList<>())
            .add(new Shown(write.endNanos(), place + 1, write + " was acknowledged there"));
      }
    }
    for (Read read : reads) {
      if (read.torn() != null) {
        found.add(new Violation(Kind.TORN, read + ": " + read.torn()));
      }
      int count = prefix(read, places, found);
      Integer waited = read.waited() == null ? null : places.get(read.waited());
      if (waited != null && waited >= count) {
        found.add(
            new Violation(
                Kind.STALE, read + " lacks " + read.waited() + ", which the node had granted"));
      }
      List<Shown> before = shown.computeIfAbsent(read.node(), node -> new ArrayList<>());
      before.stream()
          .filter(each -> each.sinceNanos() < read.startNanos() && each.count() > count)
          .findFirst()
          .ifPresent(
              each ->
                  found.add(
                      new Violation(
                          Kind.STALE,
                          read
                              + " has the first "
                              + count
                              + ", though at least "
                              + each.count()
                              + " were there: "
                              + each.why())));
      before.add(new Shown(read.endNanos(), count, read + " saw them"));
    }
    return found;
  }

  /** Of the list in the end so much is in the read; it has to be its beginning. */
  private static int prefix(Read read, Map<String, Integer> places, List<Violation> found) {
    int count = 0;
    for (String token : read.tokens()) {
      Integer place = places.get(token);
      if (place == null) {
        continue;
      }
      if (place != count) {
        found.add(
            new Violation(
                Kind.GAP,
                "%s has %s, number %d in the end, after %d others that are there in the end"
                    .formatted(read, token, place + 1, count)));
        return count;
      }
      count++;
    }
    return count;
  }
}
