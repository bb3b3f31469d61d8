package dev.sluice.access;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The tokens that a node takes. Safe for use by many threads. */
public final class Tokens {
  private record Known(Scope scope, TokenHolder holder) {}

  private final List<Known> known;

  private Tokens(List<Known> known) {
    this.known = known;
  }

  /** None: nobody is asked for one. */
  public static Tokens none() {
    return new Tokens(List.of());
  }

  /**
   * Reads them.
   *
   * @param environment gives the value of a variable, or null when it is not set
   * @throws IOException when one can't be read; the message says what to do
   */
  public static Tokens open(List<TokenGrant> grants, Function<String, @Nullable String> environment)
      throws IOException {
    List<Known> known = new ArrayList<>();
    for (TokenGrant grant : grants) {
      known.add(new Known(grant.scope(), grant.source().open(environment)));
    }
    return new Tokens(List.copyOf(known));
  }

  /** These, and one that allows everything. */
  public Tokens withOwner(String token) {
    List<Known> more = new ArrayList<>(known);
    List<String> only = List.of(token);
    more.add(new Known(Scope.ADMIN, () -> only));
    return new Tokens(List.copyOf(more));
  }

  public boolean isEmpty() {
    return known.isEmpty();
  }

  /**
   * What {@code token} allows; {@link Scope#NONE} when nobody gave it out. Takes as long for a
   * token that is nearly right as for any other of its length.
   */
  public Scope scopeOf(String token) {
    byte[] given = token.getBytes(StandardCharsets.UTF_8);
    Scope found = Scope.NONE;
    for (Known one : known) {
      for (String wanted : one.holder().tokens()) {
        boolean same = MessageDigest.isEqual(wanted.getBytes(StandardCharsets.UTF_8), given);
        if (same && !found.includes(one.scope())) {
          found = one.scope();
        }
      }
    }
    return found;
  }
}
