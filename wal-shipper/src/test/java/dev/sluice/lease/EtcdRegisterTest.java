package dev.sluice.lease;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.etcd.jetcd.Auth;
import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.auth.Permission;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Against a real etcd. */
@Timeout(120)
final class EtcdRegisterTest extends RegisterContract {
  private static final AtomicInteger KEYS = new AtomicInteger();

  private static EtcdServer server;

  private final String key = "clusters/" + KEYS.incrementAndGet();

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    server = EtcdServer.start(directory, false);
  }

  @AfterAll
  static void stop() {
    if (server != null) {
      server.close();
    }
  }

  private String url() {
    return "etcd://" + server.endpoint() + "/" + key;
  }

  @Override
  protected Register open() throws IOException {
    return Registers.open(url(), Map.of());
  }

  @Test
  void aMemberThatIsAwayIsSkipped() throws IOException {
    try (Register register =
        Registers.open("etcd://127.0.0.1:1," + server.endpoint() + "/" + key, Map.of())) {
      for (int i = 0; i < 10; i++) {
        assertThat(register.read()).isEmpty();
      }
      assertThat(register.write(new byte[1], null)).isPresent();
    }
  }

  @Test
  void whereNobodyAnswersTheErrorSaysSo() throws IOException {
    try (Register register = Registers.open("etcd://127.0.0.1:1/k", Map.of())) {
      assertThatThrownBy(register::read)
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith("etcd://127.0.0.1:1/k: read: ")
          .hasMessageContaining("refused")
          .hasMessageContaining("; check that etcd runs");
      assertThatThrownBy(() -> register.write(new byte[1], null))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith("etcd://127.0.0.1:1/k: write: ");
    }
  }

  @Test
  void aServerThatHangsIsGivenUp() throws Exception {
    try (Register register = open()) {
      register.write("1".getBytes(UTF_8), null);
      server.signal("STOP");
      try {
        assertThatThrownBy(register::read)
            .isInstanceOf(IOException.class)
            .hasMessageStartingWith(url() + ": read: no answer in 5 s; check that etcd runs");
      } finally {
        server.signal("CONT");
      }
      assertThat(register.read()).isPresent();
    }
  }

  @Test
  void userAndPasswordComeFromTheEnvironment(@TempDir Path directory) throws Exception {
    try (EtcdServer guarded = EtcdServer.start(directory, false)) {
      try (Client root = Client.builder().target("ip:///" + guarded.endpoint()).build()) {
        Auth auth = root.getAuthClient();
        auth.userAdd(text("root"), text("pw")).get();
        auth.userGrantRole(text("root"), text("root")).get();
        auth.userAdd(text("sluice"), text("secret")).get();
        auth.roleAdd(text("lease")).get();
        auth.roleGrantPermission(
                text("lease"), text("mine"), text("mine\0"), Permission.Type.READWRITE)
            .get();
        auth.userGrantRole(text("sluice"), text("lease")).get();
        auth.authEnable().get();
      }
      String url = "etcd://" + guarded.endpoint() + "/mine";
      Map<String, String> login = Map.of("ETCD_USER", "sluice", "ETCD_PASSWORD", "secret");
      try (Register register = Registers.open(url, login)) {
        assertThat(register.write(new byte[] {7}, null)).isPresent();
        assertThat(register.read().orElseThrow().value()).containsExactly(7);
      }
      try (Register register = Registers.open(url, Map.of())) {
        assertThatThrownBy(register::read)
            .isInstanceOf(IOException.class)
            .hasMessageEndingWith(
                "; give user and password in ETCD_USER and ETCD_PASSWORD of the environment");
      }
      Map<String, String> wrong = Map.of("ETCD_USER", "sluice", "ETCD_PASSWORD", "wrong-secret");
      try (Register register = Registers.open(url, wrong)) {
        assertThatThrownBy(register::read)
            .isInstanceOf(IOException.class)
            .hasMessageContaining("; give user and password in ETCD_USER and ETCD_PASSWORD")
            .hasMessageNotContaining("wrong-secret");
      }
      String other = "etcd://" + guarded.endpoint() + "/other";
      try (Register register = Registers.open(other, login)) {
        assertThatThrownBy(register::read)
            .isInstanceOf(IOException.class)
            .hasMessageEndingWith("; let the user of ETCD_USER read and write the key 'other'");
      }
    }
  }

  private static ByteSequence text(String text) {
    return ByteSequence.from(text, UTF_8);
  }

  @Test
  void tls(@TempDir Path directory) throws Exception {
    try (EtcdServer encrypted = EtcdServer.start(directory, true)) {
      String url = "etcds://" + encrypted.endpoint() + "/k";
      Map<String, String> trust = Map.of("ETCD_CACERT", encrypted.certificate().toString());
      try (Register register = Registers.open(url, trust)) {
        assertThat(register.write(new byte[] {7}, null)).isPresent();
        assertThat(register.read().orElseThrow().value()).containsExactly(7);
      }
      try (Register register = Registers.open(url, Map.of())) {
        assertThatThrownBy(register::read)
            .isInstanceOf(IOException.class)
            .hasMessageContaining("unable to find valid certification path");
      }
      Path noCertificate = Files.writeString(directory.resolve("ca.pem"), "nothing");
      assertThatThrownBy(() -> Registers.open(url, Map.of("ETCD_CACERT", noCertificate.toString())))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("'" + noCertificate + "' (ETCD_CACERT)");
    }
  }
}
