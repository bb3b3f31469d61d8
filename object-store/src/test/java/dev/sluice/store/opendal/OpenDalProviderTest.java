package dev.sluice.store.opendal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.store.ObjectStore;
import dev.sluice.store.StoreUrl;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class OpenDalProviderTest {
  private static final OpenDalProvider PROVIDER =
      new OpenDalProvider(
          Map.of("AZURE_STORAGE_KEY", "c2VjcmV0", "SLUICE_WEBDAV_PASSWORD", "very-secret"));

  private static Map<String, String> settings(String url) {
    return PROVIDER.settings(StoreUrl.parse(url));
  }

  @Test
  void everyScheme() {
    assertThat(settings("gs://bucket/a/b?credential-path=/key.json&storage-class=NEARLINE"))
        .isEqualTo(
            Map.of(
                "service", "gcs",
                "bucket", "bucket",
                "root", "/a/b",
                "credential_path", "/key.json",
                "default_storage_class", "NEARLINE"));
    assertThat(settings("abs://account@container/a"))
        .isEqualTo(
            Map.of(
                "service", "azblob",
                "container", "container",
                "account_name", "account",
                "account_key", "c2VjcmV0",
                "endpoint", "https://account.blob.core.windows.net",
                "root", "/a"));
    assertThat(settings("sftp://me@host:2222/backups?key-path=/k&known-hosts=add"))
        .isEqualTo(
            Map.of(
                "service", "sftp",
                "endpoint", "host:2222",
                "user", "me",
                "key", "/k",
                "known_hosts_strategy", "add",
                "root", "/backups"));
    assertThat(settings("webdavs://me@host/dav"))
        .isEqualTo(
            Map.of(
                "service", "webdav",
                "endpoint", "https://host",
                "username", "me",
                "password", "very-secret",
                "root", "/dav"));
  }

  @Test
  void namesWhatIsWrong() {
    assertThatThrownBy(() -> settings("abs://container/a"))
        .hasMessageContaining("no account: abs://account@container/prefix");
    assertThatThrownBy(() -> settings("sftp://host/a?known-hosts=no"))
        .hasMessageContaining("parameter known-hosts is 'no', not strict, accept or add");
    assertThatThrownBy(() -> settings("gs://bucket?keypath=x"))
        .hasMessageContaining(
            "unknown parameter 'keypath'; known are credential-path, endpoint, storage-class");
    assertThatThrownBy(() -> settings("webdav:///a")).hasMessageContaining("names no host");
  }

  @Test
  void showsNoSecret() throws IOException {
    try (ObjectStore store =
        PROVIDER.open(StoreUrl.parse("webdav://me@127.0.0.1:1/dav"), request -> {})) {
      assertThat(store).hasToString("webdav://me@127.0.0.1:1/dav");
      assertThatThrownBy(() -> store.head("a")).hasMessageNotContaining("very-secret");
    }
  }
}
