package dev.sluice.access;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Key stores in memory, from PEM files. Stateless. */
final class KeyPairFiles {
  private static final Logger log = LoggerFactory.getLogger(KeyPairFiles.class);

  private static final byte[] PROBE = {1, 2, 3, 4};

  private KeyPairFiles() {}

  /**
   * A certificate with its chain, and its key.
   *
   * @throws IOException naming the file, what is wrong and what to do
   */
  static KeyStore keyStore(Path certificate, Path key, char[] password) throws IOException {
    List<X509Certificate> chain = Pem.certificates(certificate);
    PrivateKey own = Pem.privateKey(key);
    try {
      if (!belong(chain.get(0), own)) {
        throw new IOException(
            "%s: not the key of the first certificate in %s; give the key that the certificate was made with, and the chain behind it"
                .formatted(key, certificate));
      }
      Instant expiry = chain.get(0).getNotAfter().toInstant();
      if (expiry.isBefore(Instant.now())) {
        log.warn("{}: expired on {}, clients will refuse it; renew it", certificate, expiry);
      }
      KeyStore store = empty();
      store.setKeyEntry("node", own, password, chain.toArray(Certificate[]::new));
      return store;
    } catch (GeneralSecurityException e) {
      throw new IOException(certificate + " and " + key + ": " + e.getMessage(), e);
    }
  }

  /** Authorities that sign the certificates of others. */
  static KeyStore trustStore(Path ca) throws IOException {
    try {
      KeyStore store = empty();
      int number = 0;
      for (X509Certificate certificate : Pem.certificates(ca)) {
        store.setCertificateEntry("ca" + number++, certificate);
      }
      return store;
    } catch (GeneralSecurityException e) {
      throw new IOException(ca + ": " + e.getMessage(), e);
    }
  }

  private static KeyStore empty() throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    return store;
  }

  /** Files are replaced one after the other: between the two they don't belong together. */
  private static boolean belong(X509Certificate certificate, PrivateKey key)
      throws GeneralSecurityException {
    if (!certificate.getPublicKey().getAlgorithm().equals(key.getAlgorithm())) {
      return false;
    }
    Signature signature =
        Signature.getInstance(
            key.getAlgorithm().equals("EC") ? "SHA256withECDSA" : "SHA256withRSA");
    signature.initSign(key);
    signature.update(PROBE);
    byte[] signed = signature.sign();
    signature.initVerify(certificate.getPublicKey());
    signature.update(PROBE);
    return signature.verify(signed);
  }
}
