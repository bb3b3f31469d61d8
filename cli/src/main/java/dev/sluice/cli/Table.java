package dev.sluice.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/**
 * Rows under headings, columns as wide as need be. A heading that begins with {@code >} aligns its
 * column to the right.
 */
final class Table {
  private static final String GAP = "  ";

  private final List<String> headings;
  private final List<List<String>> rows = new ArrayList<>();

  Table(String... headings) {
    this.headings = List.of(headings);
  }

  /** Adds a row; texts are shown by {@code String.valueOf}. */
  void row(Object... cells) {
    if (cells.length != headings.size()) {
      throw new IllegalArgumentException(
          cells.length + " cells for " + headings.size() + " columns");
    }
    List<String> row = new ArrayList<>();
    for (Object cell : cells) {
      row.add(String.valueOf(cell));
    }
    rows.add(row);
  }

  void printTo(PrintWriter out) {
    List<List<String>> lines = new ArrayList<>();
    lines.add(
        headings.stream()
            .map(heading -> isRight(heading) ? heading.substring(1) : heading)
            .toList());
    lines.addAll(rows);
    for (List<String> line : lines) {
      StringBuilder text = new StringBuilder();
      for (int column = 0; column < line.size(); column++) {
        int at = column;
        int width = lines.stream().mapToInt(cells -> cells.get(at).length()).max().orElse(0);
        String padding = " ".repeat(width - line.get(column).length());
        String cell = line.get(column);
        text.append(column == 0 ? "" : GAP);
        text.append(isRight(headings.get(column)) ? padding + cell : cell + padding);
      }
      out.println(text.toString().stripTrailing());
    }
  }

  private static boolean isRight(String heading) {
    return heading.startsWith(">");
  }
}
