package dev.sluice.access;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How this process asks other nodes: the connections it makes, whom it trusts, and the token it
 * shows. Files are looked at before each request, and read again when they changed. Safe for use by
 * many threads.
 */
public final class Access {
  private static final Logger log = LoggerFactory.getLogger(Access.class);

  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);

  private final @Nullable TokenHolder token;
  private final TrustFiles trust;
  private final Object lock = new Object();

  /** Made when first needed. Guarded by {@link #lock}. */
  private @Nullable HttpClient client;

  /** Of which files it was made. Guarded by {@link #lock}. */
  private List<FileVersion> versions = List.of();

  private Access(@Nullable TokenHolder token, TrustFiles trust) {
    this.token = token;
    this.trust = trust;
  }

  /** Without a token, trusting whom Java trusts. */
  public static Access none() {
    return new Access(null, TrustFiles.NONE);
  }

  /** With a token that is known already. */
  public static Access ofToken(String token) {
    List<String> only = List.of(token);
    return new Access(() -> only, TrustFiles.NONE);
  }

  /**
   * Reads the files.
   *
   * @param token null for none
   * @param environment gives the value of a variable, or null when it is not set
   * @throws IOException when something can't be read; the message says what to do
   */
  public static Access open(
      @Nullable TokenSource token, TrustFiles trust, Function<String, @Nullable String> environment)
      throws IOException {
    Access access = new Access(token == null ? null : token.open(environment), trust);
    if (!trust.isEmpty()) {
      // A file that makes no sense is an error now.
      access.http();
    }
    return access;
  }

  /**
   * The client for a request that is made now. Files that can't be read any more leave the last one
   * in use.
   */
  public HttpClient http() throws IOException {
    synchronized (lock) {
      List<FileVersion> now = trust.versions();
      HttpClient known = client;
      if (known != null && now.equals(versions)) {
        return known;
      }
      versions = now;
      try {
        HttpClient made = make();
        client = made;
        return made;
      } catch (IOException e) {
        if (known == null) {
          throw e;
        }
        log.error("{}; what was read before stays in use", e.getMessage());
        return known;
      }
    }
  }

  private HttpClient make() throws IOException {
    // Nodes speak HTTP/1.1; asking each for HTTP/2 first would cost headers and a look-up.
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT_TIMEOUT);
    return trust.isEmpty() ? builder.build() : builder.sslContext(trust.context()).build();
  }

  /** A request that shows the token. */
  public HttpRequest.Builder request(URI uri) {
    HttpRequest.Builder request = HttpRequest.newBuilder(uri);
    List<String> tokens = token == null ? List.of() : token.tokens();
    return tokens.isEmpty() ? request : request.header("Authorization", "Bearer " + tokens.get(0));
  }

  /** What to do about a connection that TLS does not let come about; null when it is not that. */
  public static @Nullable String explain(Throwable failure) {
    for (Throwable e = failure; e != null; e = e.getCause()) {
      if (e instanceof SSLException) {
        return explainTls(String.valueOf(e.getMessage()));
      }
    }
    return null;
  }

  private static String explainTls(String message) {
    if (message.contains("Received fatal alert")) {
      return "it refuses this client's certificate, or wants one ("
          + message
          + "); give a certificate that its client-ca signed, and the key, with --certificate and"
          + " --key or in 'trust'";
    }
    if (message.contains("SSL message")) {
      return "it speaks no TLS; write http:// in place of https://";
    }
    return "its certificate can't be verified ("
        + message
        + "); give the authority that signed it with --ca FILE or in 'trust', and ask the node by a"
        + " name that its certificate has";
  }
}
