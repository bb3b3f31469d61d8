package dev.sluice.examples;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A fenced block of a Markdown file, with the comment above it that says how the test runs it:
 *
 * <pre>
 *   (none)                        a shell of its own runs it, and must succeed
 *   run: prints: TEXT … TEXT      and must print these, in this order; can follow each of those below
 *   run: again until it succeeds  for what takes a moment to be there
 *   run: fails                    and must fail
 *   run: until it says: TEXT      goes on in the background once it has printed that
 *   run: after Ctrl-C             in all terminals where something runs
 *   run: with a backup of …       on a copy of the backups, made older
 *   run: where there is PROGRAM   and not elsewhere; with one of those above behind a comma
 *   run: where there is PROGRAM and its packages
 *                                 where it fails, packages can't be had: what needs the program is not run
 *   file: NAME                    the content of a file
 * </pre>
 *
 * What is not run is on the list in {@link PagesTest}.
 *
 * @param page its path from the top of the repository
 * @param line of its first line, for people
 * @param language after the fence; empty when there is none
 * @param how the comment; empty when there is none
 */
record ShownBlock(String page, int line, String language, String how, String text) {
  private static final Pattern BLOCK =
      Pattern.compile(
          "(?:^<!-- ([^\n]*) -->\n)?^```(\\w*)\n(.*?)^```$", Pattern.DOTALL | Pattern.MULTILINE);

  private static final Pattern PROGRAM =
      Pattern.compile("run: where there is (\\w+)( and its packages)?");

  private static final Pattern RUN =
      Pattern.compile(
          "run: (?:where there is \\w+(?:, | and its packages$))?"
              + "(?:(?:again until it succeeds|fails|after Ctrl-C|with a backup of [^,]+)(?:, |$))?"
              + "(?:(?:until it says|prints): .+)?");

  /** All blocks, in their order. */
  static List<ShownBlock> of(String page, String markdown) {
    List<ShownBlock> blocks = new ArrayList<>();
    Matcher block = BLOCK.matcher(markdown);
    while (block.find()) {
      int line = (int) markdown.substring(0, block.start(2)).lines().count();
      String how = block.group(1) == null ? "" : block.group(1);
      blocks.add(new ShownBlock(page, line, block.group(2), how, block.group(3)));
    }
    return blocks;
  }

  boolean isUnderstood() {
    return how.isEmpty() || (isCommand() ? RUN.matcher(how).matches() : isFile());
  }

  boolean isFile() {
    return how.startsWith("file: ");
  }

  boolean isCommand() {
    return language.equals("sh");
  }

  /** The program without which it is not run; empty when it is run everywhere. */
  String program() {
    Matcher program = PROGRAM.matcher(how);
    return program.lookingAt() ? program.group(1) : "";
  }

  boolean isForPackages() {
    Matcher program = PROGRAM.matcher(how);
    return program.lookingAt() && program.group(2) != null;
  }

  boolean isRepeated() {
    return how.contains("again until it succeeds");
  }

  boolean isFailing() {
    return how.startsWith("run: fails");
  }

  boolean isAfterStop() {
    return how.startsWith("run: after Ctrl-C");
  }

  boolean isOfOldBackup() {
    return how.startsWith("run: with a backup of ");
  }

  /** What it has to print, in this order. */
  List<String> printed() {
    return List.of(after("prints").split(" … ", -1));
  }

  /** What follows {@code key: } in the comment; empty when it has none. */
  String after(String key) {
    int at = how.indexOf(key + ": ");
    return at < 0 ? "" : how.substring(at + key.length() + 2);
  }
}
