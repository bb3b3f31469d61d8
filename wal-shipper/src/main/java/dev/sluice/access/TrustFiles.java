package dev.sluice.access;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * Whom a client trusts, and what it shows of itself: PEM files.
 *
 * @param ca authorities of which one must have signed a node's certificate; null for those that
 *     Java knows
 * @param certificate of this client, where nodes ask for one; null for none
 * @param key its private key, PKCS#8; null for none
 */
public record TrustFiles(@Nullable Path ca, @Nullable Path certificate, @Nullable Path key) {
  /** Nothing is said. */
  public static final TrustFiles NONE = new TrustFiles(null, null, null);

  /**
   * @throws IllegalArgumentException when there is a certificate without a key, or a key without a
   *     certificate
   */
  public TrustFiles {
    if ((certificate == null) != (key == null)) {
      throw new IllegalArgumentException(
          "a 'certificate' has its 'key', and a 'key' its certificate");
    }
  }

  /** These, with those of {@code stronger} in place of them where it has any. */
  public TrustFiles overriddenBy(TrustFiles stronger) {
    boolean own = stronger.certificate != null;
    return new TrustFiles(
        stronger.ca == null ? ca : stronger.ca,
        own ? stronger.certificate : certificate,
        own ? stronger.key : key);
  }

  boolean isEmpty() {
    return ca == null && certificate == null;
  }

  List<FileVersion> versions() {
    return Stream.of(ca, certificate, key).filter(Objects::nonNull).map(FileVersion::of).toList();
  }

  /**
   * What connections are made with.
   *
   * @throws IOException naming the file, what is wrong and what to do
   */
  SSLContext context() throws IOException {
    char[] password = {};
    try {
      KeyManagerFactory own =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      TrustManagerFactory others =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      if (certificate != null && key != null) {
        own.init(KeyPairFiles.keyStore(certificate, key, password), password);
      }
      if (ca != null) {
        others.init(KeyPairFiles.trustStore(ca));
      }
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(
          certificate == null ? null : own.getKeyManagers(),
          ca == null ? null : others.getTrustManagers(),
          null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException("no TLS with " + this + ": " + e.getMessage(), e);
    }
  }
}
