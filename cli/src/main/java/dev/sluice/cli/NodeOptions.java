package dev.sluice.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/**
 * The flags of every command that a configuration is for, for use as a mixin: {@link #addFlags}
 * adds one for each key that has one. A flag wins over its key.
 */
final class NodeOptions {
  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "Configuration; the flags below are also its keys.")
  private @Nullable Path config;

  @Mixin private AccessOptions access = new AccessOptions();

  @Spec(Spec.Target.MIXEE)
  private @Nullable CommandSpec command;

  /** Gives a flag to each key of a command that has these options, and of those below it. */
  static void addFlags(CommandLine command) {
    CommandSpec spec = command.getCommandSpec();
    if (spec.mixins().values().stream().anyMatch(m -> m.userObject() instanceof NodeOptions)) {
      SluiceConfig.KEYS.stream().filter(key -> isFor(spec, key)).forEach(key -> add(spec, key));
    }
    command.getSubcommands().values().forEach(NodeOptions::addFlags);
  }

  private static boolean isFor(CommandSpec command, ConfigKey<?> key) {
    return switch (key.use()) {
      case EVERY -> true;
      case MOUNT -> !command.name().equals("replicate");
      case REPLICATE -> !command.name().equals("mount");
    };
  }

  private static <T> void add(CommandSpec command, ConfigKey<T> key) {
    ConfigKey.Flag<T> flag = key.flag();
    if (flag == null) {
      return;
    }
    OptionSpec.Builder option =
        OptionSpec.builder(flag.name().replace("[no-]", ""))
            .description(help(key, flag))
            .negatable(flag.isNegatable());
    if (flag.paramLabel().isEmpty()) {
      option.type(Boolean.class).arity("0");
    } else if (key.type().isList()) {
      option
          .type(List.class)
          .auxiliaryTypes(String.class)
          .arity("1")
          .paramLabel(flag.paramLabel().replace(",…", ""))
          .splitRegex(flag.paramLabel().endsWith(",…") ? "," : "");
    } else {
      option.type(String.class).arity("1").paramLabel(flag.paramLabel());
    }
    command.addOption(option.build());
  }

  /** With the default, where it is a value and the text has none. */
  private static <T> String help(ConfigKey<T> key, ConfigKey.Flag<T> flag) {
    T fallback = key.fallback();
    if (fallback == null || flag.paramLabel().isEmpty()) {
      return flag.help();
    }
    String text =
        key.fallbackText().isEmpty()
            ? ConfigDocs.word(key.type().write(fallback))
            : ConfigDocs.plain(key.fallbackText());
    String help = flag.help();
    return (help.endsWith(".") ? help.substring(0, help.length() - 1) : help)
        + " (default: "
        + text
        + ").";
  }

  /** The configuration file; null when none was given. */
  @Nullable Path file() {
    return config;
  }

  /**
   * The configuration file, if one was given, overridden by the flags.
   *
   * @param more what the command knows besides
   */
  SluiceConfig resolve(Settings more) throws IOException {
    return resolve(config, more);
  }

  /** As {@link #resolve(Settings)}, with a file that was given in another way, too. */
  SluiceConfig resolve(@Nullable Path named, Settings more) throws IOException {
    Path read = named == null ? config : named;
    Settings file = read == null ? Settings.NONE : ConfigFile.read(read, System::getenv).said();
    try {
      return new SluiceConfig(
          file.overriddenBy(flags()).overriddenBy(access.settings()).overriddenBy(more));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec().commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  private CommandSpec spec() {
    return Objects.requireNonNull(command);
  }

  private Settings flags() {
    ParseResult given = spec().commandLine().getParseResult();
    Settings settings = Settings.NONE;
    for (ConfigKey<?> key : SluiceConfig.KEYS) {
      settings = settings.overriddenBy(flag(given, key));
    }
    return settings;
  }

  private <T> Settings flag(ParseResult given, ConfigKey<T> key) {
    ConfigKey.Flag<T> flag = key.flag();
    if (flag == null) {
      return Settings.NONE;
    }
    String name = flag.name().replace("[no-]", "");
    Object value = given.matchedOptionValue(name, (Object) null);
    if (value == null) {
      return Settings.NONE;
    }
    List<String> words =
        value instanceof List<?> several
            ? several.stream().map(String::valueOf).toList()
            : List.of(value.toString());
    try {
      return Settings.of(key, key.ofWords(words, ConfigReader.ofFlags()), ConfigSource.flag(name));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(
          spec().commandLine(), "Invalid value for option '" + name + "': " + e.getMessage(), e);
    }
  }
}
