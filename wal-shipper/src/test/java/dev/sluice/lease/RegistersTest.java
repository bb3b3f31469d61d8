package dev.sluice.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RegistersTest {
  @Test
  void directories(@TempDir Path directory) throws IOException {
    for (String url : List.of("file://" + directory, directory.toString())) {
      try (Register register = Registers.open(url, Map.of())) {
        assertThat(register).hasToString("file://" + directory + "/sluice-lease");
      }
    }
  }

  /** What the URL says itself stays; other places take no such parameter. */
  @Test
  void patience(@TempDir Path directory) throws IOException {
    Duration patience = Duration.ofMillis(2_500);
    assertThatThrownBy(() -> Registers.open("S3://bucket/p?region=x&timeout=now", patience))
        .hasMessageContaining("parameter timeout is 'now'");
    assertThatThrownBy(() -> Registers.open("s3://bucket/p?region=x&sse=none", patience))
        .hasMessageContaining("parameter sse is 'none'");
    Registers.open("file://" + directory, patience).close();
  }

  @Test
  void keysOfEtcd() throws IOException {
    assertThat(EtcdUrl.parse("etcd://10.0.0.1:2379,b.example:2380/shop/lease"))
        .isEqualTo(new EtcdUrl(false, List.of("10.0.0.1:2379", "b.example:2380"), "shop/lease"));
    assertThat(EtcdUrl.parse("ETCDS://a:1/k")).hasToString("etcds://a:1/k");
    try (Register register = Registers.open("etcd://127.0.0.1:1/k", Map.of())) {
      assertThat(register).hasToString("etcd://127.0.0.1:1/k");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "shop|lease URL without a scheme: expected s3://bucket/path, file:///directory, etcd://",
        "gs://b/p|lease URL 'gs://…': nothing there can compare and swap; expected s3://",
        "ftp://u:pw@h/p|lease URL 'ftp://…': nothing there can compare and swap; expected s3://",
        "file://x|store URL 'file://x': the directory must be absolute",
        "s3:///p|is no name of a bucket",
        "etcd://a/k|lease URL 'etcd://a/k': 'a' is not host:port; expected etcd://host:port",
        "etcd://a:1,/k|'' is not host:port",
        "etcd://a:99999/k|'a:99999' is not host:port",
        "etcd:///k|'' is not host:port",
        "etcd://a:1|expected etcd://host:port[,host:port]/key",
        "etcd://a:1/|it names no key; expected etcd://",
        "etcd://a:1/k?user=x|expected etcd://host:port",
        "etcd://u:pw@a:1/k|no user or password in it; they are taken from ETCD_USER",
      })
  void whatIsWrongIsSaid(String url, String message) {
    assertThatThrownBy(() -> Registers.open(url, Map.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message)
        .hasMessageNotContaining("pw");
  }

  @Test
  void aUserNeedsAPassword() {
    assertThatThrownBy(() -> Registers.open("etcd://a:1/k", Map.of("ETCD_USER", "u")))
        .isInstanceOf(IOException.class)
        .hasMessage("etcd://a:1/k: of ETCD_USER and ETCD_PASSWORD one is not set; set both");
  }
}
