package dev.sluice.access;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Where a token stands: in a file or in an environment variable, one of the two. Never on a command
 * line, which every user of a machine can read.
 *
 * @param file read again when it changes; null for none
 * @param env name of the variable; null for none
 */
public record TokenSource(@Nullable Path file, @Nullable String env) {
  public TokenSource {
    if ((file == null) == (env == null)) {
      throw new IllegalArgumentException("a token has a 'file' or an 'env', one of the two");
    }
  }

  /**
   * Reads it for the first time.
   *
   * @throws IOException when there is none; the message says what to do
   */
  TokenHolder open(Function<String, @Nullable String> environment) throws IOException {
    if (file != null) {
      return new TokenFile(file);
    }
    String value = environment.apply(String.valueOf(env));
    if (value == null) {
      throw new IOException(
          "the environment variable " + env + " is not set; it has to hold a token");
    }
    String token = value.strip();
    String fault = TokenFormat.fault(token);
    if (!fault.isEmpty()) {
      throw new IOException(
          "the environment variable "
              + env
              + ": "
              + fault
              + "; make one with openssl rand -hex 32");
    }
    List<String> tokens = List.of(token);
    return () -> tokens;
  }
}
