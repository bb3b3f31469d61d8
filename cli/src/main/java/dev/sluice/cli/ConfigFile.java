package dev.sluice.cli;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.deser.std.StdScalarDeserializer;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.sluice.access.Scope;
import dev.sluice.durability.DurabilityPolicy.OnTimeout;
import dev.sluice.fuse.binding.FuseBinding;
import dev.sluice.monitor.ListenAddress;
import dev.sluice.monitor.health.HookTarget;
import dev.sluice.monitor.proxy.WriteForwarding;
import dev.sluice.store.StoreUrl;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The configuration file, {@code sluice.yml}: {@link SluiceConfig} in YAML. Strict: every key must
 * be known and every value make sense. {@code ${NAME}} in a value stands for that environment
 * variable; relative paths are relative to the directory of the file.
 */
final class ConfigFile {
  private static final String CORRECT = "correct it; docs/configuration.md describes the keys";
  private static final Pattern VARIABLE = Pattern.compile("\\$\\{([^}]*)}");

  private final Path file;
  private final Function<String, @Nullable String> environment;

  private ConfigFile(Path file, Function<String, @Nullable String> environment) {
    this.file = file;
    this.environment = environment;
  }

  /**
   * Reads a file.
   *
   * @param environment gives the value of a variable, or null when it is not set
   * @throws UserException naming the line and what is wrong there
   */
  static SluiceConfig read(Path file, Function<String, @Nullable String> environment)
      throws IOException {
    return new ConfigFile(file, environment).read();
  }

  private SluiceConfig read() throws IOException {
    String text = Files.readString(file, StandardCharsets.UTF_8);
    YAMLMapper mapper = mapper();
    try (JsonParser parser = mapper.createParser(text)) {
      if (parser.nextToken() == null) {
        return SluiceConfig.EMPTY;
      }
      return mapper.readValue(parser, SluiceConfig.class);
    } catch (UnrecognizedPropertyException e) {
      String what = "unknown key '" + e.getPropertyName() + "'";
      throw error(line(mapper, text, e), what, knownKey(e), e);
    } catch (JsonMappingException e) {
      throw error(line(mapper, text, e), key(e) + why(e), CORRECT, e);
    } catch (JacksonException e) {
      throw error(e.getLocation().getLineNr(), "not YAML: " + why(e), CORRECT, e);
    }
  }

  /**
   * The line of what an exception is about, or 0 when that is the whole file. The exception itself
   * has where the parser was when it noticed, which can be the end of the file.
   */
  private static int line(YAMLMapper mapper, String text, JsonMappingException e)
      throws IOException {
    JsonPointer wanted = JsonPointer.empty();
    for (JsonMappingException.Reference step : e.getPath()) {
      wanted =
          step.getFieldName() == null
              ? wanted.appendIndex(step.getIndex())
              : wanted.appendProperty(step.getFieldName());
    }
    try (JsonParser parser = mapper.createParser(text)) {
      while (!wanted.matches() && parser.nextToken() != null) {
        if (parser.getParsingContext().pathAsPointer().equals(wanted)) {
          return parser.currentTokenLocation().getLineNr();
        }
      }
    }
    return 0;
  }

  private YAMLMapper mapper() {
    Path directory = Optional.ofNullable(file.toAbsolutePath().getParent()).orElse(file);
    SimpleModule values = new SimpleModule();
    add(values, String.class, UnaryOperator.identity());
    add(values, Path.class, directory::resolve);
    add(values, Duration.class, Durations::parse);
    add(values, ListenAddress.class, ListenAddress::parse);
    add(values, NodeUrl.class, NodeUrl::parse);
    add(values, StoreUrl.class, StoreUrl::parse);
    add(values, ByteSize.class, ByteSize::parse);
    add(values, FuseBinding.class, FuseBinding::parse);
    add(values, FollowerOpen.class, FollowerOpen::parse);
    add(values, WriteForwarding.class, WriteForwarding::parse);
    add(values, Scope.class, Scope::parse);
    add(values, DurabilitySettings.Mode.class, DurabilitySettings.Mode::parse);
    add(values, HookTarget.class, HookTarget::parse);
    add(values, OnTimeout.class, DurabilitySettings::parseOnTimeout);
    return YAMLMapper.builder()
        .addModule(values)
        .propertyNamingStrategy(PropertyNamingStrategies.KEBAB_CASE)
        .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
        .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
        .build();
  }

  private <T> void add(SimpleModule module, Class<T> type, Function<String, ? extends T> parse) {
    module.addDeserializer(type, new Scalar<>(type, text -> parse.apply(substituted(text))));
  }

  /** The text with the values of environment variables. */
  private String substituted(String text) {
    return VARIABLE
        .matcher(text)
        .replaceAll(found -> Matcher.quoteReplacement(variable(found.group(1))));
  }

  private String variable(String name) {
    String value = environment.apply(name);
    if (value == null) {
      throw new IllegalArgumentException("the environment variable '" + name + "' is not set");
    }
    return value;
  }

  private UserException error(int line, String what, String whatToDo, JacksonException cause) {
    String where = line == 0 ? "" : " line " + line;
    return new UserException(file + where + ": " + what, whatToDo, cause);
  }

  private static String knownKey(UnrecognizedPropertyException e) {
    Collection<Object> known = e.getKnownPropertyIds();
    String unknown = e.getPropertyName();
    return known.stream()
        .map(String::valueOf)
        .min(Comparator.comparingInt(key -> distance(unknown, key)))
        .filter(key -> distance(unknown, key) <= Math.max(2, key.length() / 3))
        .map(key -> "did you mean '" + key + "'?")
        .orElse(
            "known are "
                + String.join(", ", known.stream().map(String::valueOf).sorted().toList()));
  }

  /** How many letters must be put in, left out or changed to make one of the other. */
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int change = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(change, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }

  private static String key(JsonMappingException e) {
    StringBuilder key = new StringBuilder();
    for (JsonMappingException.Reference step : e.getPath()) {
      if (step.getFieldName() == null) {
        key.append('[').append(step.getIndex() + 1).append(']');
      } else {
        key.append(key.isEmpty() ? "" : ".").append(step.getFieldName());
      }
    }
    return key.isEmpty() ? "" : key + ": ";
  }

  private static String why(JacksonException e) {
    Throwable cause = e.getCause();
    if (cause instanceof IllegalArgumentException && cause.getMessage() != null) {
      return cause.getMessage();
    }
    return e.getOriginalMessage();
  }

  /** A value written as one word or text. */
  private static final class Scalar<T> extends StdScalarDeserializer<T> {
    private static final long serialVersionUID = 1;

    private final transient Function<String, ? extends T> parse;

    Scalar(Class<T> type, Function<String, ? extends T> parse) {
      super(type);
      this.parse = parse;
    }

    @Override
    public T deserialize(JsonParser parser, DeserializationContext context) throws IOException {
      if (!parser.currentToken().isScalarValue()) {
        throw JsonMappingException.from(parser, "expected one value, not a list or a map");
      }
      try {
        return parse.apply(parser.getText());
      } catch (IllegalArgumentException e) {
        throw JsonMappingException.from(parser, String.valueOf(e.getMessage()), e);
      }
    }
  }
}
