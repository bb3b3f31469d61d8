package dev.sluice.access;

import java.io.IOException;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a node listens with: PEM files.
 *
 * @param certificate of this node, and the chain that leads to a root
 * @param key its private key, PKCS#8
 * @param clientCa authorities of which one must have signed a client's certificate; null to ask for
 *     none
 */
public record TlsFiles(Path certificate, Path key, @Nullable Path clientCa) {
  public TlsFiles {
    if (certificate == null || key == null) {
      throw new IllegalArgumentException("'tls' has a 'certificate' and a 'key', both");
    }
  }

  /**
   * The certificate and the key, both protected by {@code password}.
   *
   * @throws IOException naming the file, what is wrong and what to do
   */
  public KeyStore keyStore(char[] password) throws IOException {
    return KeyPairFiles.keyStore(certificate, key, password);
  }

  /** The authorities of clients; null to ask for no certificate. */
  public @Nullable KeyStore clientAuthorities() throws IOException {
    return clientCa == null ? null : KeyPairFiles.trustStore(clientCa);
  }

  /** Differs once one of the files has changed. */
  public List<FileVersion> versions() {
    return Stream.of(certificate, key, clientCa == null ? certificate : clientCa)
        .map(FileVersion::of)
        .toList();
  }
}
