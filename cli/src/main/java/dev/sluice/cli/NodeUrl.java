package dev.sluice.cli;

import dev.sluice.access.Access;
import dev.sluice.node.NodeClient;
import java.net.URI;
import java.net.URISyntaxException;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * The address of a node, as given on the command line.
 *
 * @param uri for example {@code http://127.0.0.1:4480}
 */
record NodeUrl(URI uri) {
  static final String DEFAULT = "http://127.0.0.1:4480";

  /**
   * @throws IllegalArgumentException when it is no HTTP URL, or holds a user, which nobody would be
   *     sent
   */
  NodeUrl {
    if (uri.getRawAuthority() != null && uri.getRawAuthority().contains("@")) {
      throw new IllegalArgumentException("node URL holds a user: nodes know none, leave it out");
    }
    boolean http = "http".equalsIgnoreCase(uri.getScheme());
    if ((!http && !"https".equalsIgnoreCase(uri.getScheme())) || uri.getHost() == null) {
      throw new IllegalArgumentException("node URL '" + uri + "' is not like " + DEFAULT);
    }
  }

  /** A URL, or {@code host:port}. */
  static NodeUrl parse(String text) {
    try {
      return new NodeUrl(new URI(text.contains("://") ? text : "http://" + text));
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException("node URL is not like " + DEFAULT + ": " + e.getReason());
    }
  }

  /** Asks it without showing who asks. */
  NodeClient client() {
    return new NodeClient(uri);
  }

  NodeClient client(Access access) {
    return new NodeClient(uri, access);
  }

  @Override
  public String toString() {
    return uri.toString();
  }

  static final class Converter implements ITypeConverter<NodeUrl> {
    @Override
    public NodeUrl convert(String text) {
      try {
        return parse(text);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }
}
