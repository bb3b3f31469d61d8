package dev.sluice.monitor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.access.Access;
import dev.sluice.access.TlsFiles;
import dev.sluice.access.Tokens;
import dev.sluice.access.TrustFiles;
import dev.sluice.node.NodeClient;
import dev.sluice.node.NodeException;
import java.io.IOException;
import java.math.BigInteger;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** TLS with certificates that openssl makes, as users do. */
final class TlsTest {
  private final Path directory;
  private final Certificates certificates;

  TlsTest(@TempDir Path directory) throws Exception {
    this.directory = directory;
    certificates = new Certificates(directory.resolve("pem"));
    certificates.make("node");
  }

  private Path pem(String name) {
    return certificates.file(name);
  }

  private ServedNode serve(String name, @Nullable Path clientCa) throws IOException {
    TlsFiles files = new TlsFiles(pem(name + ".pem"), pem(name + ".key"), clientCa);
    return new ServedNode(directory.resolve(name), null, new Protection(files, Tokens.none()));
  }

  private static NodeClient client(ServedNode served, TrustFiles trust) throws IOException {
    return new NodeClient(served.server.url(), Access.open(null, trust, name -> null));
  }

  private TrustFiles authority() {
    return new TrustFiles(certificates.ca(), null, null);
  }

  @Test
  void whoKnowsTheAuthorityIsAnswered() throws Exception {
    certificates.make("rsa", "-newkey", "rsa:2048");
    for (String name : List.of("node", "rsa")) {
      try (ServedNode served = serve(name, null)) {
        assertThat(served.server.url().toString()).startsWith("https://127.0.0.1:");
        assertThat(client(served, authority()).status().role()).isEqualTo("primary");
      }
    }
  }

  @Test
  void everyOtherIsToldWhatToDo() throws Exception {
    try (ServedNode served = serve("node", null)) {
      assertThatThrownBy(() -> client(served, TrustFiles.NONE).status())
          .isInstanceOf(NodeException.class)
          .hasMessageContaining("its certificate can't be verified")
          .hasMessageContaining("--ca FILE");
      // A name that the certificate has not.
      URI other = URI.create(served.server.url().toString().replace("127.0.0.1", "127.0.0.2"));
      Access access = Access.open(null, authority(), name -> null);
      assertThatThrownBy(() -> new NodeClient(other, access).status())
          .isInstanceOf(NodeException.class);
    }
    try (ServedNode plain = new ServedNode(directory.resolve("plain"))) {
      URI url = URI.create(plain.server.url().toString().replace("http://", "https://"));
      Access access = Access.open(null, authority(), name -> null);
      assertThatThrownBy(() -> new NodeClient(url, access).status())
          .isInstanceOf(NodeException.class)
          .hasMessageContaining("it speaks no TLS; write http://");
    }
  }

  @Test
  void withClientAuthoritiesACertificateIsNeeded() throws Exception {
    certificates.make("client");
    Certificates others = new Certificates(directory.resolve("others"));
    others.make("client");
    TrustFiles own = new TrustFiles(certificates.ca(), pem("client.pem"), pem("client.key"));
    TrustFiles foreign =
        new TrustFiles(certificates.ca(), others.file("client.pem"), others.file("client.key"));
    try (ServedNode served = serve("node", certificates.ca())) {
      assertThat(client(served, own).status().role()).isEqualTo("primary");
      for (TrustFiles refused : List.of(authority(), foreign)) {
        assertThatThrownBy(() -> client(served, refused).status())
            .isInstanceOf(NodeException.class)
            .hasMessageContaining("it refuses this client's certificate, or wants one")
            .hasMessageContaining("--certificate");
      }
      // The owner's commands have none, and come in by another door.
      String owner = String.valueOf(served.server.ownerToken());
      assertThat(served.server.ownerUrl().toString()).startsWith("http://127.0.0.1:");
      NodeClient local = new NodeClient(served.server.ownerUrl(), Access.ofToken(owner));
      assertThat(local.status().role()).isEqualTo("primary");
      assertThatThrownBy(() -> new NodeClient(served.server.ownerUrl()).status())
          .hasMessageContaining("this node asks for a token");
    }
  }

  @Test
  void aNewCertificateIsUsedAndABrokenOneIsNot() throws Exception {
    certificates.make("next");
    try (ServedNode served = serve("node", null)) {
      BigInteger first = serial(served);
      served.server.lookAtCertificate();
      assertThat(serial(served)).isEqualTo(first);
      // One file after the other: between the two the old stays in use.
      replace("next.pem", "node.pem");
      served.server.lookAtCertificate();
      assertThat(serial(served)).isEqualTo(first);
      replace("next.key", "node.key");
      served.server.lookAtCertificate();
      BigInteger second = serial(served);
      assertThat(second).isNotEqualTo(first);
      assertThat(client(served, authority()).status().role()).isEqualTo("primary");
      Files.writeString(pem("node.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n");
      served.server.lookAtCertificate();
      assertThat(serial(served)).isEqualTo(second);
      Files.delete(pem("node.key"));
      served.server.lookAtCertificate();
      assertThat(serial(served)).isEqualTo(second);
    }
  }

  @Test
  void aClientReadsItsAuthoritiesAgain() throws Exception {
    Certificates others = new Certificates(directory.resolve("others"));
    Path ca = Files.copy(others.ca(), directory.resolve("trusted.pem"));
    try (ServedNode served = serve("node", null)) {
      NodeClient client = client(served, new TrustFiles(ca, null, null));
      assertThatThrownBy(client::status).hasMessageContaining("can't be verified");
      Files.copy(certificates.ca(), ca, StandardCopyOption.REPLACE_EXISTING);
      assertThat(client.status().role()).isEqualTo("primary");
      Files.writeString(ca, "broken");
      assertThat(client.status().role()).isEqualTo("primary");
    }
  }

  @Test
  void filesThatMakeNoSenseStopTheStart() throws Exception {
    certificates.make("other");
    certificates.make("ed", "-newkey", "ed25519");
    certificates.run(List.of("openssl", "ec", "-in", "node.key", "-out", "sec1.key"));
    Path cert = pem("node.pem");
    fails(cert, pem("other.key"), "not the key of the first certificate");
    fails(cert, pem("ed.key"), "neither an RSA nor an EC key");
    fails(cert, pem("sec1.key"), "holds an EC PRIVATE KEY");
    fails(cert, pem("sec1.key"), "openssl pkcs8 -topk8 -nocrypt");
    fails(cert, cert, "no private key in it");
    fails(pem("node.key"), pem("node.key"), "no certificate in it");
    fails(pem("none.pem"), pem("node.key"), "no such file");
    Path broken = Files.writeString(pem("broken.pem"), Files.readString(cert).replace('M', 'N'));
    fails(broken, pem("node.key"), "certificate 1 is damaged");
  }

  private void fails(Path certificate, Path key, String message) {
    Protection protection = new Protection(new TlsFiles(certificate, key, null), Tokens.none());
    assertThatThrownBy(() -> new ServedNode(directory.resolve("fails"), null, protection))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(message);
  }

  private void replace(String from, String to) throws IOException {
    Files.move(pem(from), pem(to), StandardCopyOption.REPLACE_EXISTING);
  }

  /** Of the certificate that a client is shown now. */
  private static BigInteger serial(ServedNode served) throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {new TrustsAll()}, null);
    try (SSLSocket socket =
        (SSLSocket)
            context.getSocketFactory().createSocket("127.0.0.1", served.server.address().port())) {
      X509Certificate shown = (X509Certificate) socket.getSession().getPeerCertificates()[0];
      return shown.getSerialNumber();
    }
  }

  private static final class TrustsAll implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
