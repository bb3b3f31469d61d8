package dev.sluice.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class StoreUrlTest {
  @ParameterizedTest
  @CsvSource({
    "file:///var/backup,        file, '',        /var/backup, '',           file:///var/backup",
    "/var/back up,              file, '',        /var/back up, '',          file:///var/back up",
    "s3://bucket,               s3,   bucket,    '',          '',           s3://bucket",
    "S3://bucket/a/b/,          s3,   bucket,    a/b,         '',           s3://bucket/a/b",
    "s3://b/p?endpoint=http://h:9, s3, b,        p,           endpoint=http://h:9, s3://b/p?endpoint=http://h:9",
  })
  void parses(
      String text, String scheme, String authority, String path, String query, String back) {
    StoreUrl url = StoreUrl.parse(text);
    assertThat(url).isEqualTo(new StoreUrl(scheme, authority, path, query));
    assertThat(url).hasToString(back);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "backup",
        "://x",
        "file://relative/dir",
        "s3://b/a//b",
        "s3://b/../c",
        "s3://u:pass@b/x",
        "s3://u:pass@my_bucket/x",
        "s3://u%3apass@b/x",
        "s3://u:pass^@b/x",
        "s3://u:pa@pass@b/x",
        "u:pass@b/x",
        "s3://b/x^?key=pass",
        "s3://b/x^?pass"
      })
  void refusesAndTellsNoSecret(String text) {
    assertThatThrownBy(() -> StoreUrl.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageNotContaining("pass^")
        .hasMessageNotContaining("pass@")
        .hasMessageNotContaining("=pass")
        .hasMessageNotContaining("?pass");
  }

  @ParameterizedTest
  @CsvSource({
    "sftp://joe@host:22/p,                 sftp://joe@host:22/p",
    "s3://b/p?secret-access-key=x&region=r, s3://b/p?secret-access-key=***&region=r",
    "s3://b?sig=a=b&&x,                    s3://b?sig=***&&***",
    "s3://b?endpoint=http://k:s@h:9,       s3://b?endpoint=http://***@h:9",
    "s3://b?endpoint=http%3A//k:s%40h:9,   s3://b?endpoint=***",
    "abs://a@c?endpoint=https://h/?sig=x,  abs://a@c?endpoint=https://h/?***",
    "s3://b?endpoint=k:s@h:9,              s3://b?endpoint=***@h:9",
    "s3://b?endpoint=h:9&sse-kms-key-id=k, s3://b?endpoint=h:9&sse-kms-key-id=k",
  })
  void showsNoSecretAndWhatItShowsParses(String text, String shown) {
    assertThat(StoreUrl.parse(text)).hasToString(shown);
    assertThat(StoreUrl.parse(shown)).hasToString(shown);
  }

  @Test
  void aPasswordIsNotShownWhereverItCameFrom() {
    assertThat(new StoreUrl("s3", "u:pass@b", "x", "")).hasToString("s3://u:***@b/x");
  }

  @Test
  void opensDirectoriesAndNamesWhatItCannotOpen(@TempDir Path directory) throws IOException {
    try (ObjectStore store = Stores.open("file://" + directory)) {
      assertThat(store).hasToString("file://" + directory);
    }
    assertThatThrownBy(() -> Stores.open("gopher://x/y").close())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "store URL 'gopher://x/y': no such kind of store; there are file:///directory, abs://…, gs://…,"
                + " s3://…, sftp://…, webdav://…, webdavs://…");
  }
}
