package dev.sluice.cli;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What is said of some keys, and where. Immutable; equal when the values are. */
final class Settings {
  /** Nothing is said. */
  static final Settings NONE = new Settings(Map.of());

  private record Said(Object value, ConfigSource source) {}

  private final Map<ConfigKey<?>, Said> said;

  private Settings(Map<ConfigKey<?>, Said> said) {
    this.said = Collections.unmodifiableMap(said);
  }

  /** One value; null for nothing. */
  static <T> Settings of(ConfigKey<T> key, @Nullable T value, ConfigSource source) {
    return value == null ? NONE : new Settings(Map.of(key, new Said(value, source)));
  }

  /** As if somebody had said so. */
  <T> Settings with(ConfigKey<T> key, @Nullable T value) {
    return overriddenBy(of(key, value, ConfigSource.DEFAULT));
  }

  /** Without what is said of a key. */
  Settings without(ConfigKey<?> key) {
    Map<ConfigKey<?>, Said> fewer = new LinkedHashMap<>(said);
    fewer.remove(key);
    return new Settings(fewer);
  }

  /** These, with those of {@code stronger} in place of them where it has any. */
  Settings overriddenBy(Settings stronger) {
    Map<ConfigKey<?>, Said> both = new LinkedHashMap<>(said);
    stronger.said.forEach(
        (key, value) -> both.merge(key, value, (weak, strong) -> merged(key, weak, strong)));
    return new Settings(both);
  }

  @SuppressWarnings("unchecked") // A key is only ever put with a value of its type.
  private static <T> Said merged(ConfigKey<T> key, Said weak, Said strong) {
    return new Said(key.merged((T) weak.value(), (T) strong.value()), strong.source());
  }

  boolean has(ConfigKey<?> key) {
    return said.containsKey(key);
  }

  /** What is said, or the default; null when there is neither. */
  @SuppressWarnings("unchecked") // As above.
  <T> @Nullable T find(ConfigKey<T> key) {
    Said found = said.get(key);
    return found == null ? key.fallback() : (T) found.value();
  }

  /** As {@link #find}, for keys that are required or have a default. */
  <T> T get(ConfigKey<T> key) {
    return Objects.requireNonNull(find(key), key.name());
  }

  ConfigSource source(ConfigKey<?> key) {
    Said found = said.get(key);
    return found == null ? ConfigSource.DEFAULT : found.source();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Settings settings && values().equals(settings.values());
  }

  @Override
  public int hashCode() {
    return values().hashCode();
  }

  private Map<ConfigKey<?>, Object> values() {
    Map<ConfigKey<?>, Object> values = new LinkedHashMap<>();
    said.forEach((key, one) -> values.put(key, one.value()));
    return values;
  }

  @Override
  public String toString() {
    return values().toString();
  }
}
