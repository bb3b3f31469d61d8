package dev.sluice.cli;

/** Something in a configuration makes no sense. */
final class ConfigFault extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  private static final String CORRECT = "correct it; docs/configuration.md describes the keys";

  private final int line;
  private final String whatToDo;

  /**
   * @param line in the file; 0 for the whole of it
   * @param path the key; empty when {@code what} names it
   */
  ConfigFault(int line, String path, String what, String whatToDo) {
    super(path.isEmpty() ? what : path + ": " + what);
    this.line = line;
    this.whatToDo = whatToDo;
  }

  ConfigFault(ConfigNode where, String what) {
    this(where.line(), where.path(), what, CORRECT);
  }

  int line() {
    return line;
  }

  String whatToDo() {
    return whatToDo;
  }
}
