package dev.sluice.cli;

import dev.sluice.monitor.ListenAddress;
import dev.sluice.store.StoreUrl;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * How values of settings are written: read from a file and from words, written, and described to
 * people and to editors. Immutable.
 */
abstract class ConfigType<T> {
  /** What stands for a value that comes from elsewhere; part of the schema. */
  private static final String REFERENCE = ".*\\$\\{.*";

  static final ConfigType<String> TEXT = text("text", Function.identity());
  static final ConfigType<Path> PATH =
      new Scalar<>("path", (text, reader) -> reader.resolve(text), Path::toString, string("", ""));
  static final ConfigType<Duration> DURATION =
      new Scalar<>(
          "duration",
          (text, reader) -> Durations.parse(text),
          Durations::text,
          string(
              "^\\s*([0-9]{1,12}\\s*([mM][sS]|[sSmMhHdD])\\s*)+$",
              "a duration, such as 500ms, 5s or 24h"));
  static final ConfigType<ByteSize> SIZE =
      new Scalar<>(
          "size",
          (text, reader) -> ByteSize.parse(text),
          ByteSize::toString,
          string("^\\s*[0-9]{1,12}\\s*[kKmMgGtT][iI]?[bB]\\s*$", "a size, such as 10MB or 4GiB"));
  static final ConfigType<ListenAddress> ADDRESS = text("address", ListenAddress::parse);
  static final ConfigType<NodeUrl> NODE_URL = text("URL", NodeUrl::parse);
  static final ConfigType<StoreUrl> STORE_URL = text("URL", StoreUrl::parse);
  static final ConfigType<Integer> COUNT =
      new Scalar<>(
          "number", (text, reader) -> count(text), Function.identity(), number("integer", 1));
  static final ConfigType<Double> DOLLARS =
      new Scalar<>(
          "dollars", (text, reader) -> dollars(text), ConfigType::plain, number("number", 0));
  static final ConfigType<Boolean> YES_NO =
      new Scalar<>(
          "`true` or `false`",
          (text, reader) -> yesNo(text),
          Function.identity(),
          orReference(ordered("type", "boolean")));

  private final String label;

  private ConfigType(String label) {
    this.label = label;
  }

  /** What it is called in the documentation. */
  final String label() {
    return label;
  }

  /**
   * What a value in a file says.
   *
   * @throws ConfigFault if it makes no sense
   */
  abstract T read(ConfigNode node, ConfigReader reader);

  /**
   * What words of a command line say.
   *
   * @throws IllegalArgumentException if they make no sense
   */
  abstract T ofWords(List<String> words, ConfigReader reader);

  /** As it is written into a file: texts, numbers, lists and maps. */
  abstract Object write(T value);

  /** Its JSON schema. */
  abstract Map<String, Object> schema();

  /** The keys of which values are made; none for others. */
  List<ConfigKey<?>> keys() {
    return List.of();
  }

  /** Whether a flag may be given several times. */
  boolean isList() {
    return false;
  }

  /** A text that {@code toString} writes as {@code parse} reads it. */
  private static <T> ConfigType<T> text(String label, Function<String, T> parse) {
    return new Scalar<>(
        label, (text, reader) -> parse.apply(text), Object::toString, string("", ""));
  }

  static <E extends Enum<E>> ConfigType<E> oneOf(Class<E> type) {
    return oneOf(Arrays.asList(type.getEnumConstants()));
  }

  static <E extends Enum<E>> ConfigType<E> oneOf(List<E> values) {
    List<String> names = EnumNames.names(values);
    return new Scalar<>(
        String.join(", ", names.stream().map(name -> "`" + name + "`").toList()),
        (text, reader) -> EnumNames.parse(values, text),
        EnumNames::name,
        orReference(ordered("enum", names)));
  }

  static <T> ConfigType<List<T>> listOf(ConfigType<T> element) {
    return new Several<>("list of " + plural(element.label()), element, false);
  }

  /** A list, or one value alone. */
  static <T> ConfigType<List<T>> oneOrMore(ConfigType<T> element) {
    return new Several<>(element.label() + " or list of them", element, true);
  }

  private static String plural(String label) {
    return label.endsWith("s") ? label : label + "s";
  }

  /**
   * A value that is made of keys.
   *
   * @param make the value of what is said; throws {@code IllegalArgumentException} when that makes
   *     no sense
   * @param take what a value says
   */
  static <T> ConfigType<T> ofKeys(
      List<ConfigKey<?>> keys, Function<Settings, T> make, Function<T, Settings> take) {
    return new Composed<>(keys, make, take);
  }

  /** {@code 0} for {@code 0.0}. */
  private static Number plain(double number) {
    return number == Math.rint(number) ? (Number) (long) number : (Number) number;
  }

  private static int count(String text) {
    try {
      int count = Integer.parseInt(text);
      if (count > 0) {
        return count;
      }
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("'" + text + "' is not a whole number", e);
    }
    throw new IllegalArgumentException("'" + text + "' is not greater than 0");
  }

  private static double dollars(String text) {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("'" + text + "' is not a number", e);
    }
  }

  private static boolean yesNo(String text) {
    if (text.equals("true") || text.equals("false")) {
      return text.equals("true");
    }
    throw new IllegalArgumentException("'" + text + "' is neither true nor false");
  }

  private static Map<String, Object> string(String pattern, String explanation) {
    if (pattern.isEmpty()) {
      // Numbers and words such as true are texts where a text is expected.
      return ordered("type", List.of("string", "number", "boolean"));
    }
    Map<String, Object> schema = new LinkedHashMap<>();
    schema.put("type", "string");
    schema.put("pattern", "(" + pattern + ")|(" + REFERENCE + ")");
    schema.put("description", explanation);
    return schema;
  }

  private static Map<String, Object> number(String type, int minimum) {
    return orReference(ordered("type", type, "minimum", minimum));
  }

  /** Unlike Map.of, written in this order. */
  private static Map<String, Object> ordered(Object... keysAndValues) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      map.put((String) keysAndValues[i], keysAndValues[i + 1]);
    }
    return map;
  }

  private static Map<String, Object> orReference(Map<String, Object> schema) {
    return ordered("anyOf", List.of(schema, ordered("type", "string", "pattern", REFERENCE)));
  }

  private static final class Scalar<T> extends ConfigType<T> {
    private final BiFunction<String, ConfigReader, T> parse;
    private final Function<T, Object> write;
    private final Map<String, Object> schema;

    Scalar(
        String label,
        BiFunction<String, ConfigReader, T> parse,
        Function<? super T, ?> write,
        Map<String, Object> schema) {
      super(label);
      this.parse = parse;
      this.write = write::apply;
      this.schema = schema;
    }

    @Override
    T read(ConfigNode node, ConfigReader reader) {
      return reader.scalar(node, text -> parse.apply(text, reader));
    }

    @Override
    T ofWords(List<String> words, ConfigReader reader) {
      return parse.apply(words.get(words.size() - 1), reader);
    }

    @Override
    Object write(T value) {
      return write.apply(value);
    }

    @Override
    Map<String, Object> schema() {
      return schema;
    }
  }

  private static final class Several<T> extends ConfigType<List<T>> {
    private final ConfigType<T> element;
    private final boolean orOne;

    Several(String label, ConfigType<T> element, boolean orOne) {
      super(label);
      this.element = element;
      this.orOne = orOne;
    }

    @Override
    List<T> read(ConfigNode node, ConfigReader reader) {
      if (node instanceof ConfigNode.Items items) {
        List<T> values = new ArrayList<>();
        items.items().forEach(item -> values.add(element.read(item, reader)));
        return List.copyOf(values);
      }
      if (!orOne) {
        throw new ConfigFault(node, "expected a list, such as [a, b]");
      }
      return List.of(element.read(node, reader));
    }

    @Override
    List<T> ofWords(List<String> words, ConfigReader reader) {
      return words.stream().map(word -> element.ofWords(List.of(word), reader)).toList();
    }

    @Override
    Object write(List<T> values) {
      return orOne && values.size() == 1
          ? element.write(values.get(0))
          : values.stream().map(element::write).toList();
    }

    @Override
    Map<String, Object> schema() {
      Map<String, Object> list = ordered("type", "array", "items", element.schema());
      return orOne ? ordered("anyOf", List.of(element.schema(), list)) : list;
    }

    @Override
    List<ConfigKey<?>> keys() {
      return element.keys();
    }

    @Override
    boolean isList() {
      return true;
    }
  }

  private static final class Composed<T> extends ConfigType<T> {
    private final List<ConfigKey<?>> keys;
    private final Function<Settings, T> make;
    private final Function<T, Settings> take;

    Composed(List<ConfigKey<?>> keys, Function<Settings, T> make, Function<T, Settings> take) {
      super("keys");
      this.keys = keys;
      this.make = make;
      this.take = take;
    }

    @Override
    T read(ConfigNode node, ConfigReader reader) {
      Settings settings = reader.read(node, keys);
      try {
        return make.apply(settings);
      } catch (IllegalArgumentException e) {
        throw new ConfigFault(node, String.valueOf(e.getMessage()));
      }
    }

    @Override
    T ofWords(List<String> words, ConfigReader reader) {
      throw new IllegalArgumentException("can't be given as one word");
    }

    @Override
    Object write(T value) {
      Map<String, Object> written = new LinkedHashMap<>();
      Settings settings = take.apply(value);
      for (ConfigKey<?> key : keys) {
        Object one = ConfigText.value(key, settings);
        if (one != null) {
          written.put(key.name(), one);
        }
      }
      return written;
    }

    @Override
    Map<String, Object> schema() {
      return ConfigSchema.ofKeys(keys);
    }

    @Override
    List<ConfigKey<?>> keys() {
      return keys;
    }
  }

  /**
   * Settings as they are, for those who look at them themselves.
   *
   * @param check throws {@code IllegalArgumentException} when they make no sense together
   */
  static ConfigType<Settings> settings(List<ConfigKey<?>> keys, Consumer<Settings> check) {
    return ofKeys(
        keys,
        said -> {
          check.accept(said);
          return said;
        },
        Function.identity());
  }
}
