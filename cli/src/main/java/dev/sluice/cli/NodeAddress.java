package dev.sluice.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sluice.access.Access;
import dev.sluice.node.NodeClient;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;

/**
 * Where a running node answers commands on this machine: in a file of its state directory that only
 * its owner can read.
 *
 * @param url of its HTTP server
 * @param token that allows everything; null where nobody is asked for one
 */
record NodeAddress(String url, @Nullable String token) {
  private static final String FILE = "node.url";

  /** The database that a command is about, and the node that has it. */
  record Found(NodeClient node, String database) {}

  /** Leaves it for others. */
  void write(Path state) throws IOException {
    Path whole =
        Files.createTempFile(
            state,
            FILE,
            ".new",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try {
      Files.write(whole, new ObjectMapper().writeValueAsBytes(this));
      Files.move(
          whole,
          state.resolve(FILE),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      Files.deleteIfExists(whole);
      throw new IOException(whole + ": " + e.getMessage(), e);
    }
  }

  static void delete(Path state) throws IOException {
    Files.deleteIfExists(state.resolve(FILE));
  }

  private static @Nullable NodeAddress read(Path state) throws IOException {
    try {
      return new ObjectMapper().readValue(state.resolve(FILE).toFile(), NodeAddress.class);
    } catch (NoSuchFileException | java.io.FileNotFoundException e) {
      return null;
    }
  }

  /**
   * The node that has a database: the one with a state directory beside the file, or in a directory
   * above it; otherwise the one at {@code url}.
   *
   * @param database its file, or its name at the node at {@code url}
   * @param url null when none was given: then the default
   * @param access how it is asked where no file says so
   */
  static Found find(String database, @Nullable NodeUrl url, Access access) throws IOException {
    if (url != null) {
      return new Found(url.client(access), database);
    }
    Path file = Path.of(database).toAbsolutePath().normalize();
    Path beside = file.resolveSibling("." + file.getFileName() + "-sluice");
    NodeAddress address = read(beside);
    if (address != null) {
      return new Found(address.client(), String.valueOf(file.getFileName()));
    }
    for (Path above = file.getParent(); above != null; above = above.getParent()) {
      address = read(above.resolve(DataDirectory.STATE));
      if (address != null) {
        return new Found(address.client(), above.relativize(file).toString());
      }
    }
    return new Found(NodeUrl.parse(NodeUrl.DEFAULT).client(access), database);
  }

  /** The node that runs with a data directory. */
  static NodeClient of(Path data) throws IOException {
    NodeAddress address = read(data.resolve(DataDirectory.STATE));
    if (address == null) {
      throw new UserException(
          "no node runs with the data directory " + data, "start one, or give its --url");
    }
    return address.client();
  }

  private NodeClient client() {
    return new NodeClient(URI.create(url), token == null ? Access.none() : Access.ofToken(token));
  }

  /** Without the token. */
  @Override
  public String toString() {
    return url;
  }
}
