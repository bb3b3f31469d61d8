package dev.sluice.cli;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The configuration file, {@code sluice.yml}: YAML, with the keys of {@link SluiceConfig}. Strict:
 * every key must be known and every value make sense. {@link ConfigReader} says what may stand for
 * something else.
 */
final class ConfigFile {
  private ConfigFile() {}

  /**
   * What a file says.
   *
   * @param config as far as it makes sense
   * @param faults what does not, in the order of the file
   */
  record Reading(SluiceConfig config, List<ConfigFault> faults) {}

  /**
   * Reads a file.
   *
   * @param environment gives the value of a variable, or null when it is not set
   * @throws UserException naming the line and what is wrong there
   */
  static SluiceConfig read(Path file, Function<String, @Nullable String> environment)
      throws IOException {
    Reading reading = readAll(file, environment);
    if (!reading.faults().isEmpty()) {
      throw error(file, reading.faults().get(0));
    }
    return reading.config();
  }

  /** A fault as an error. */
  static UserException error(Path file, ConfigFault fault) {
    String where = fault.line() == 0 ? "" : " line " + fault.line();
    return new UserException(file + where + ": " + fault.getMessage(), fault.whatToDo(), fault);
  }

  /** As {@link #read}, with all faults. */
  static Reading readAll(Path file, Function<String, @Nullable String> environment)
      throws IOException {
    List<ConfigFault> faults = new ArrayList<>();
    Settings settings = Settings.NONE;
    try {
      ConfigNode root = parse(Files.readString(file, StandardCharsets.UTF_8));
      Path directory = Optional.ofNullable(file.toAbsolutePath().getParent()).orElse(file);
      if (root instanceof ConfigNode.Keys keys) {
        settings =
            new ConfigReader(directory, environment).readAll(keys, SluiceConfig.KEYS, faults);
      } else if (root != null && !(root instanceof ConfigNode.Nothing)) {
        faults.add(new ConfigFault(root, "expected keys with values, such as data: /srv/data"));
      }
    } catch (ConfigFault e) {
      faults.add(e);
    } catch (JacksonException e) {
      int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
      faults.add(
          new ConfigFault(
              line,
              "",
              "not YAML: " + e.getOriginalMessage(),
              "correct it; docs/configuration.md describes the keys"));
    }
    try {
      return new Reading(new SluiceConfig(settings), faults);
    } catch (IllegalArgumentException e) {
      faults.add(new ConfigFault(new ConfigNode.Nothing("", 0), String.valueOf(e.getMessage())));
      return new Reading(SluiceConfig.EMPTY, faults);
    }
  }

  private static @Nullable ConfigNode parse(String text) throws IOException {
    try (JsonParser tokens = new YAMLFactory().createParser(text)) {
      ConfigNode root = ConfigNode.read(tokens);
      if (tokens.nextToken() != null) {
        throw new ConfigFault(
            tokens.currentTokenLocation().getLineNr(),
            "",
            "a second document begins",
            "a configuration is one: remove '---' and what follows");
      }
      return root;
    }
  }
}
