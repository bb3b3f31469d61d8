package dev.sluice.examples;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A fenced block of a Markdown file, with the comment above it that says how the test runs it:
 *
 * <pre>
 *   (none), run                   a shell of its own runs it, and must succeed
 *   run: prints: TEXT             and must print that
 *   run: again until it succeeds  for what takes a moment to be there; also with ", prints: TEXT"
 *   run: where there is PROGRAM   and not elsewhere; also with ", prints: TEXT"
 *   run: until it says: TEXT      goes on in the background once it has printed that
 *   run: after Ctrl-C             in all terminals where something runs; also with ", prints: TEXT"
 *   run: with a backup of …       on a copy of the backups, made older
 *   run: not, …                   not run
 *   file: NAME                    not run: the content of a file
 * </pre>
 *
 * @param line of its first line, for people
 * @param language after the fence
 * @param how the comment; empty when there is none
 */
record ShownBlock(int line, String language, String how, String text) {
  private static final Pattern BLOCK =
      Pattern.compile("(?:<!-- ([^\n]*) -->\n)?```(\\w+)\n(.*?)```", Pattern.DOTALL);

  private static final Pattern PROGRAM = Pattern.compile("run: where there is (\\w+)");

  /** The blocks with a language, in their order. */
  static List<ShownBlock> of(String markdown) {
    List<ShownBlock> blocks = new ArrayList<>();
    Matcher block = BLOCK.matcher(markdown);
    while (block.find()) {
      int line = (int) markdown.substring(0, block.start(2)).lines().count();
      String how = block.group(1) == null ? "run" : block.group(1);
      blocks.add(new ShownBlock(line, block.group(2), how, block.group(3)));
    }
    return blocks;
  }

  boolean isFile() {
    return how.startsWith("file: ");
  }

  boolean isRun() {
    return language.equals("sh") && !how.startsWith("run: not");
  }

  /** The program without which it is not run; empty when it is run everywhere. */
  String program() {
    Matcher program = PROGRAM.matcher(how);
    return program.lookingAt() ? program.group(1) : "";
  }

  boolean isRepeated() {
    return how.startsWith("run: again until it succeeds");
  }

  boolean isAfterStop() {
    return how.startsWith("run: after Ctrl-C");
  }

  boolean isOfOldBackup() {
    return how.startsWith("run: with a backup of ");
  }

  /** What follows {@code key: } in the comment; empty when it has none. */
  String after(String key) {
    int at = how.indexOf(key + ": ");
    return at < 0 ? "" : how.substring(at + key.length() + 2);
  }
}
