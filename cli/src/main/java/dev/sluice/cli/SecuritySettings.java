package dev.sluice.cli;

import dev.sluice.access.Access;
import dev.sluice.access.Scope;
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
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who may ask a node, and how it asks others.
 *
 * @param said what is said of it
 */
record SecuritySettings(Settings said) {
  /** No field: keys are there before it is known how to log, and the first logger decides that. */
  private static Logger log() {
    return LoggerFactory.getLogger(SecuritySettings.class);
  }

  /** The variable with the token that is shown to other nodes when nothing else is said. */
  static final String TOKEN_VARIABLE = "SLUICE_TOKEN";

  static final String INSECURE_HELP =
      "Listen for other machines even if nobody is asked for a token or a certificate.";

  private static final ConfigKey<Path> TLS_CERTIFICATE =
      ConfigKey.named("certificate", ConfigType.PATH)
          .required()
          .says("PEM file with the certificate of this node, and the chain behind it");
  private static final ConfigKey<Path> TLS_KEY =
      ConfigKey.named("key", ConfigType.PATH)
          .required()
          .says("PEM file with its private key, PKCS#8");
  private static final ConfigKey<Path> TLS_CLIENT_CA =
      ConfigKey.named("client-ca", ConfigType.PATH)
          .fallbackText("clients are asked for none")
          .says("for mutual TLS: PEM file with the authorities that sign clients' certificates");

  static final ConfigKey<TlsFiles> TLS =
      ConfigKey.named(
              "tls",
              ConfigType.ofKeys(
                  List.of(TLS_CERTIFICATE, TLS_KEY, TLS_CLIENT_CA),
                  said ->
                      new TlsFiles(
                          said.get(TLS_CERTIFICATE), said.get(TLS_KEY), said.find(TLS_CLIENT_CA)),
                  tls ->
                      Settings.NONE
                          .with(TLS_CERTIFICATE, tls.certificate())
                          .with(TLS_KEY, tls.key())
                          .with(TLS_CLIENT_CA, tls.clientCa())))
          .fallbackText("plain HTTP")
          .says(
              "what the node listens with. The files may change while it runs; see"
                  + " [security](security.md#tls)");

  private static final ConfigKey<Path> CA =
      ConfigKey.named("ca", ConfigType.PATH)
          .fallbackText("the authorities that Java knows")
          .says("PEM file with the authorities that sign nodes' certificates; flag `--ca`");
  private static final ConfigKey<Path> CERTIFICATE =
      ConfigKey.named("certificate", ConfigType.PATH)
          .fallbackText("none")
          .says(
              "PEM file with the certificate that is shown to nodes that ask for one; flag"
                  + " `--certificate`");
  private static final ConfigKey<Path> KEY =
      ConfigKey.named("key", ConfigType.PATH)
          .fallbackText("none")
          .says("PEM file with its private key, PKCS#8; flag `--key`");

  static final ConfigKey<TrustFiles> TRUST =
      ConfigKey.named(
              "trust",
              ConfigType.ofKeys(
                  List.of(CA, CERTIFICATE, KEY),
                  said -> new TrustFiles(said.find(CA), said.find(CERTIFICATE), said.find(KEY)),
                  trust ->
                      Settings.NONE
                          .with(CA, trust.ca())
                          .with(CERTIFICATE, trust.certificate())
                          .with(KEY, trust.key())))
          .merge(TrustFiles::overriddenBy)
          .fallbackText("authorities that Java knows; no certificate")
          .says("for asking other nodes. The files may change while it runs");

  private static final ConfigKey<Path> TOKEN_FILE =
      ConfigKey.named("file", ConfigType.PATH)
          .fallbackText("none")
          .says("file with the token, read again when it changes; this or `env`");
  private static final ConfigKey<String> TOKEN_ENV =
      ConfigKey.named("env", ConfigType.TEXT)
          .fallbackText("none")
          .says("name of the environment variable with the token; this or `file`");
  private static final ConfigKey<Scope> TOKEN_SCOPE =
      ConfigKey.named("scope", ConfigType.oneOf(List.of(Scope.READ, Scope.FOLLOW, Scope.ADMIN)))
          .required()
          .says("what who has it may do, see [security](security.md#tokens)");

  static final ConfigKey<List<TokenGrant>> TOKENS =
      ConfigKey.named(
              "tokens",
              ConfigType.listOf(
                  ConfigType.ofKeys(
                      List.of(TOKEN_SCOPE, TOKEN_FILE, TOKEN_ENV),
                      said ->
                          new TokenGrant(
                              said.get(TOKEN_SCOPE), said.find(TOKEN_FILE), said.find(TOKEN_ENV)),
                      grant ->
                          Settings.NONE
                              .with(TOKEN_SCOPE, grant.scope())
                              .with(TOKEN_FILE, grant.file())
                              .with(TOKEN_ENV, grant.env()))))
          .fallback(List.of())
          .fallbackText("nobody is asked for one")
          .says("who may ask this node, such as `[{scope: read, file: PATH}]`");

  static final ConfigKey<TokenSource> TOKEN =
      ConfigKey.named(
              "token",
              ConfigType.ofKeys(
                  List.of(TOKEN_FILE, TOKEN_ENV),
                  said -> new TokenSource(said.find(TOKEN_FILE), said.find(TOKEN_ENV)),
                  token ->
                      Settings.NONE.with(TOKEN_FILE, token.file()).with(TOKEN_ENV, token.env())))
          .fallbackText("the environment variable `SLUICE_TOKEN`, if it is set")
          .says(
              "what this node shows to others: `{file: PATH}` or `{env: NAME}`; flag `--token-file`");

  static final ConfigKey<Boolean> INSECURE =
      ConfigKey.named("insecure", ConfigType.YES_NO)
          .fallback(false)
          .flag("--insecure", "", INSECURE_HELP)
          .says("listen for other machines even if nobody is asked for a token or a certificate");

  /** In the order in which they are documented. */
  static final List<ConfigKey<?>> KEYS = List.of(TLS, TRUST, TOKENS, TOKEN, INSECURE);

  private @Nullable TlsFiles tls() {
    return said.find(TLS);
  }

  private List<TokenGrant> tokens() {
    return said.get(TOKENS);
  }

  /**
   * How this process asks other nodes.
   *
   * @throws IOException when a file can't be read; the message says what to do
   */
  Access access() throws IOException {
    TokenSource shown = said.find(TOKEN);
    TrustFiles trust = said.find(TRUST);
    if (shown == null && System.getenv(TOKEN_VARIABLE) != null) {
      shown = new TokenSource(null, TOKEN_VARIABLE);
    }
    return Access.open(shown, trust == null ? TrustFiles.NONE : trust, System::getenv);
  }

  /**
   * How a node that listens is kept from strangers.
   *
   * @throws IOException when a file can't be read; the message says what to do
   */
  Protection protection() throws IOException {
    return new Protection(tls(), Tokens.open(tokens(), System::getenv));
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
    requireProtection(listen);
    TlsFiles tls = tls();
    List<TokenGrant> tokens = tokens();
    boolean mutual = tls != null && tls.clientCa() != null;
    if (tls == null && tokens.isEmpty()) {
      log().warn("listening on {}: everybody who reaches it may read all databases", listen);
    } else if (tls == null) {
      log()
          .warn(
              "listening on {} without 'tls': tokens and content cross the network in the open",
              listen);
    } else if (tokens.isEmpty() && !mutual) {
      log()
          .warn(
              "listening on {} with TLS, but without 'tokens' and without 'client-ca': everybody who"
                  + " reaches it may read all databases",
              listen);
    }
  }

  /** Refuses to listen for other machines without a token or TLS. */
  void requireProtection(ListenAddress listen) throws UserException {
    if (tls() == null && tokens().isEmpty() && !said.get(INSECURE) && !isLoopback(listen)) {
      throw new UserException(
          "will not listen on "
              + listen
              + ": other machines reach it, and nobody would be asked for a token",
          "add 'tokens' and 'tls' to the configuration (docs/security.md), listen on 127.0.0.1, or"
              + " give --insecure where everybody on that network may read all databases");
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
      log().debug("{}", listen, e);
      return true;
    }
  }
}
