package dev.sluice.cli;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** How people write the values of enums: {@code READ_WRITE} is {@code read-write}. Stateless. */
final class EnumNames {
  private EnumNames() {}

  static String name(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  static List<String> names(List<? extends Enum<?>> values) {
    return values.stream().map(EnumNames::name).toList();
  }

  /**
   * The one of {@code values} that {@link #name} calls so.
   *
   * @throws IllegalArgumentException naming the text and what there is
   */
  static <E extends Enum<E>> E parse(List<E> values, String text) {
    for (E value : values) {
      if (name(value).equals(text)) {
        return value;
      }
    }
    throw new IllegalArgumentException(
        "'" + text + "' is none of " + String.join(", ", names(values)));
  }

  /** As {@link #parse(List, String)}, of all values. */
  static <E extends Enum<E>> E parse(Class<E> type, String text) {
    return parse(Arrays.asList(type.getEnumConstants()), text);
  }
}
