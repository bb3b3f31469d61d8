package dev.sluice.access;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What who has a token may do.
 *
 * @param scope what is allowed
 * @param file where the token stands, see {@link TokenSource}; null for none
 * @param env the variable that holds it; null for none
 */
public record TokenGrant(Scope scope, @Nullable Path file, @Nullable String env) {
  public TokenGrant {
    if (scope == null || scope == Scope.NONE) {
      throw new IllegalArgumentException("a token has no 'scope': read, follow or admin");
    }
    var unused = new TokenSource(file, env);
  }

  TokenSource source() {
    return new TokenSource(file, env);
  }
}
