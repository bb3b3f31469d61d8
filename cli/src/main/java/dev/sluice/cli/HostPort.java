package dev.sluice.cli;

import java.net.InetSocketAddress;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * An address to listen on.
 *
 * @param host name or address, IPv6 without brackets
 * @param port 0 for any that is free
 */
record HostPort(String host, int port) {
  private static final Pattern FORM = Pattern.compile("(?:([^:\\[\\]]*)|\\[([^]]+)]):(\\d{1,5})");

  /**
   * Parses {@code host:port}, {@code [::1]:port} or {@code :port}, which means all addresses.
   *
   * @throws IllegalArgumentException saying how to write it
   */
  static HostPort parse(String text) {
    Matcher form = FORM.matcher(text.strip());
    if (!form.matches() || Integer.parseInt(form.group(3)) > 65535) {
      throw new IllegalArgumentException(
          "'" + text + "' is not an address: write host:port, such as 127.0.0.1:4480");
    }
    String host = form.group(2) == null ? form.group(1) : form.group(2);
    return new HostPort(host.isEmpty() ? "0.0.0.0" : host, Integer.parseInt(form.group(3)));
  }

  InetSocketAddress resolve() {
    return new InetSocketAddress(host, port);
  }

  @Override
  public String toString() {
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
  }

  static final class Converter implements ITypeConverter<HostPort> {
    @Override
    public HostPort convert(String text) {
      try {
        return parse(text);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }
}
