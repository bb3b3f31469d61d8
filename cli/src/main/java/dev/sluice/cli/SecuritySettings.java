package dev.sluice.cli;

import dev.sluice.access.Access;
import dev.sluice.access.TlsFiles;
import dev.sluice.access.TokenGrant;
import dev.sluice.access.TokenSource;
import dev.sluice.access.Tokens;
import dev.sluice.access.TrustFiles;
import dev.sluice.monitor.ListenAddress;
import dev.sluice.monitor.Protection;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who may ask a node, and how it asks others: what is said of it; null where nothing is.
 *
 * @param tls what it listens with; null for plain HTTP
 * @param trust whom it trusts, and its certificate for others
 * @param tokens that it takes; empty for nobody is asked
 * @param token that it shows to others; null for none
 * @param insecure whether it may listen for other machines without all that
 */
record SecuritySettings(
    @Nullable TlsFiles tls,
    TrustFiles trust,
    List<TokenGrant> tokens,
    @Nullable TokenSource token,
    @Nullable Boolean insecure) {
  private static final Logger log = LoggerFactory.getLogger(SecuritySettings.class);

  /** The variable with the token that is shown to other nodes when nothing else is said. */
  static final String TOKEN_VARIABLE = "SLUICE_TOKEN";

  /** Nothing is said. */
  static final SecuritySettings EMPTY =
      new SecuritySettings(null, TrustFiles.NONE, List.of(), null, null);

  SecuritySettings {
    trust = trust == null ? TrustFiles.NONE : trust;
    tokens = tokens == null ? List.of() : List.copyOf(tokens);
  }

  /** These settings, with those of {@code stronger} in place of them where it has any. */
  SecuritySettings overriddenBy(SecuritySettings stronger) {
    return new SecuritySettings(
        SluiceConfig.either(stronger.tls, tls),
        trust.overriddenBy(stronger.trust),
        stronger.tokens.isEmpty() ? tokens : stronger.tokens,
        SluiceConfig.either(stronger.token, token),
        SluiceConfig.either(stronger.insecure, insecure));
  }

  boolean insecureOrDefault() {
    return insecure != null && insecure;
  }

  /**
   * How this process asks other nodes.
   *
   * @throws IOException when a file can't be read; the message says what to do
   */
  Access access() throws IOException {
    TokenSource shown = token;
    if (shown == null && System.getenv(TOKEN_VARIABLE) != null) {
      shown = new TokenSource(null, TOKEN_VARIABLE);
    }
    return Access.open(shown, trust, System::getenv);
  }

  /**
   * How a node that listens is kept from strangers.
   *
   * @throws IOException when a file can't be read; the message says what to do
   */
  Protection protection() throws IOException {
    return new Protection(tls, Tokens.open(tokens, System::getenv));
  }

  /**
   * Refuses to listen for other machines without a token or TLS, and warns of half of it.
   *
   * @param listen null for nowhere
   */
  void check(@Nullable ListenAddress listen) throws UserException {
    if (listen == null || isLoopback(listen)) {
      return;
    }
    boolean mutual = tls != null && tls.clientCa() != null;
    if (tls == null && tokens.isEmpty()) {
      if (!insecureOrDefault()) {
        throw new UserException(
            "will not listen on "
                + listen
                + ": other machines reach it, and nobody would be asked for a token",
            "add 'tokens' and 'tls' to the configuration (docs/security.md), listen on 127.0.0.1, or"
                + " give --insecure where everybody on that network may read all databases");
      }
      log.warn("listening on {}: everybody who reaches it may read all databases", listen);
    } else if (tls == null) {
      log.warn(
          "listening on {} without 'tls': tokens and content cross the network in the open",
          listen);
    } else if (tokens.isEmpty() && !mutual) {
      log.warn(
          "listening on {} with TLS, but without 'tokens' and without 'client-ca': everybody who"
              + " reaches it may read all databases",
          listen);
    }
  }

  private static boolean isLoopback(ListenAddress listen) {
    if (listen.host().isEmpty()) {
      return false;
    }
    try {
      return Arrays.stream(InetAddress.getAllByName(listen.host()))
          .allMatch(InetAddress::isLoopbackAddress);
    } catch (UnknownHostException e) {
      // Listening there fails, and says so.
      log.debug("{}", listen, e);
      return true;
    }
  }
}
