package dev.sluice.cli;

import dev.sluice.monitor.ListenAddress;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Where to listen, from the command line. */
final class ListenConverter implements ITypeConverter<ListenAddress> {
  @Override
  public ListenAddress convert(String text) {
    try {
      return ListenAddress.parse(text);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }
}
