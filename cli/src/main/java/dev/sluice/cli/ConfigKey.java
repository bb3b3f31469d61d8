package dev.sluice.cli;

import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A setting of a node: its key in the file, its flag, its default, and what it is. From this come
 * the flags of commands, what the file may have, {@code docs/configuration.md}, the schema for
 * editors, and what {@code sluice config show} prints.
 */
final class ConfigKey<T> {
  /** Which commands a setting is for. */
  enum Use {
    EVERY,
    MOUNT,
    REPLICATE
  }

  /**
   * How a setting is given on a command line.
   *
   * @param name with its dashes
   * @param paramLabel of its value; empty for one that takes none
   * @param help a sentence or two, without the default
   * @param parse makes the value of one word; null when the type of the key does that
   */
  record Flag<T>(String name, String paramLabel, String help, @Nullable Function<String, T> parse) {
    /** Whether {@code --no-…} says the opposite. */
    boolean isNegatable() {
      return name.startsWith("--[no-]");
    }
  }

  private final String name;
  private final ConfigType<T> type;
  private final Builder<T> said;
  private final String description;

  private ConfigKey(Builder<T> said, String description) {
    this.name = said.name;
    this.type = said.type;
    this.said = said;
    this.description = description;
  }

  static <T> Builder<T> named(String name, ConfigType<T> type) {
    return new Builder<>(name, type);
  }

  String name() {
    return name;
  }

  ConfigType<T> type() {
    return type;
  }

  /** In Markdown: what it is, with what there is to know. */
  String description() {
    return description;
  }

  /** The value where nothing is said; null for none. */
  @Nullable T fallback() {
    return said.fallback;
  }

  /** What happens where nothing is said, for people; empty when {@link #fallback} says it. */
  String fallbackText() {
    return said.fallbackText;
  }

  @Nullable Flag<T> flag() {
    return said.flag;
  }

  Use use() {
    return said.use;
  }

  boolean isRequired() {
    return said.required;
  }

  /** Whether a running node takes a change of it. */
  boolean isReloadable() {
    return said.reloadable;
  }

  /**
   * @throws IllegalArgumentException saying what is wrong with the value
   */
  void check(T value) {
    said.check.accept(this, value);
  }

  /** What two sources say together. */
  T merged(T weak, T strong) {
    return said.merge.apply(weak, strong);
  }

  @Override
  public String toString() {
    return name;
  }

  /** What is declared of a key, in any order; {@link #says} ends it. */
  static final class Builder<T> {
    private final String name;
    private final ConfigType<T> type;
    private @Nullable T fallback;
    private String fallbackText = "";
    private @Nullable Flag<T> flag;
    private Use use = Use.EVERY;
    private boolean required;
    private boolean reloadable;
    private BiConsumer<ConfigKey<T>, T> check = (key, value) -> {};
    private BinaryOperator<T> merge = (weak, strong) -> strong;

    private Builder(String name, ConfigType<T> type) {
      this.name = name;
      this.type = type;
    }

    Builder<T> fallback(T value) {
      fallback = value;
      return this;
    }

    Builder<T> fallbackText(String text) {
      fallbackText = text;
      return this;
    }

    Builder<T> flag(String flagName, String paramLabel, String help) {
      flag = new Flag<>(flagName, paramLabel, help, null);
      return this;
    }

    /** With a value that is written in another way than in the file. */
    Builder<T> flag(String flagName, String paramLabel, String help, Function<String, T> parse) {
      flag = new Flag<>(flagName, paramLabel, help, parse);
      return this;
    }

    Builder<T> use(Use commands) {
      use = commands;
      return this;
    }

    Builder<T> required() {
      required = true;
      return this;
    }

    Builder<T> reloadable() {
      reloadable = true;
      return this;
    }

    Builder<T> check(BiConsumer<ConfigKey<T>, T> throwing) {
      check = throwing;
      return this;
    }

    Builder<T> merge(BinaryOperator<T> both) {
      merge = both;
      return this;
    }

    ConfigKey<T> says(String description) {
      return new ConfigKey<>(this, description);
    }
  }

  /** The values of words of a command line. */
  T ofWords(List<String> words, ConfigReader reader) {
    Flag<T> given = said.flag;
    T value =
        given != null && given.parse() != null
            ? given.parse().apply(words.get(words.size() - 1))
            : type.ofWords(words, reader);
    check(value);
    return value;
  }
}
