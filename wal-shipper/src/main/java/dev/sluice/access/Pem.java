package dev.sluice.access;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Certificates and private keys in PEM (RFC 7468): Base64 between {@code -----BEGIN X-----} and
 * {@code -----END X-----}. What stands around it counts for nothing. Stateless.
 */
final class Pem {
  private static final int MAX_BYTES = 1 << 20;

  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \\1-----");

  private record Block(Path file, String label, String base64) {
    byte[] content() throws IOException {
      try {
        return Base64.getMimeDecoder().decode(base64);
      } catch (IllegalArgumentException e) {
        throw new IOException(
            file + ": the " + label + " is not Base64; take another copy of the file", e);
      }
    }
  }

  private Pem() {}

  /**
   * All certificates of a file, in its order.
   *
   * @throws IOException naming the file, what is wrong and what to do
   */
  static List<X509Certificate> certificates(Path file) throws IOException {
    List<X509Certificate> certificates = new ArrayList<>();
    try {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      for (Block block : blocks(file)) {
        if (block.label().equals("CERTIFICATE")) {
          certificates.add(
              (X509Certificate)
                  factory.generateCertificate(new ByteArrayInputStream(block.content())));
        }
      }
    } catch (CertificateException e) {
      throw new IOException(
          file
              + ": certificate "
              + (certificates.size() + 1)
              + " is damaged ("
              + e.getMessage()
              + "); openssl x509 -in FILE -text shows what is in it",
          e);
    }
    if (certificates.isEmpty()) {
      throw new IOException(
          file + ": no certificate in it; give a PEM file with -----BEGIN CERTIFICATE-----");
    }
    return certificates;
  }

  /**
   * The private key of a file: PKCS#8, RSA or EC, not encrypted.
   *
   * @throws IOException naming the file, what is wrong and what to do
   */
  static PrivateKey privateKey(Path file) throws IOException {
    for (Block block : blocks(file)) {
      if (block.label().equals("PRIVATE KEY")) {
        return decode(file, block.content());
      }
      // Others are EC PARAMETERS, or the certificate in the same file.
      if (block.label().endsWith(" PRIVATE KEY")) {
        throw new IOException(
            "%s: holds an %s, not a PRIVATE KEY (PKCS#8, not encrypted); convert it: openssl pkcs8 -topk8 -nocrypt -in %s -out NEW"
                .formatted(file, block.label(), file));
      }
    }
    throw new IOException(
        file + ": no private key in it; give a PEM file with -----BEGIN PRIVATE KEY-----");
  }

  private static PrivateKey decode(Path file, byte[] content) throws IOException {
    PKCS8EncodedKeySpec encoded = new PKCS8EncodedKeySpec(content);
    for (String algorithm : List.of("EC", "RSA")) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(encoded);
      } catch (InvalidKeySpecException e) {
        // Not of this algorithm.
      } catch (GeneralSecurityException e) {
        throw new IOException(file + ": this Java has no " + algorithm + " keys", e);
      }
    }
    throw new IOException(
        file
            + ": neither an RSA nor an EC key, or a damaged one; make one with openssl genpkey"
            + " -algorithm EC -pkeyopt ec_paramgen_curve:P-256");
  }

  private static List<Block> blocks(Path file) throws IOException {
    String text;
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw new IOException(file + ": more than " + MAX_BYTES + " bytes; give a PEM file");
      }
      text = Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (NoSuchFileException e) {
      throw new IOException(file + ": no such file; docs/security.md says how to make it", e);
    } catch (AccessDeniedException e) {
      throw new IOException(file + ": permission denied; let the user of Sluice read it", e);
    }
    List<Block> blocks = new ArrayList<>();
    Matcher found = BLOCK.matcher(text);
    while (found.find()) {
      blocks.add(new Block(file, found.group(1), found.group(2)));
    }
    return blocks;
  }
}
