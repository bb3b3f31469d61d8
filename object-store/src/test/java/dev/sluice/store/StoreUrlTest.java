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
        "s3://u:p@b/x"
      })
  void refuses(String text) {
    assertThatThrownBy(() -> StoreUrl.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageNotContaining("u:p");
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
