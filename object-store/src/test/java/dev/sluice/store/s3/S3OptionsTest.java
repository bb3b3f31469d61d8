package dev.sluice.store.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.store.StoreUrl;
import java.net.URI;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class S3OptionsTest {
  private static S3Options of(String url) {
    return S3Options.of(StoreUrl.parse(url));
  }

  @Test
  void everyParameter() {
    S3Options options =
        of(
            "s3://bucket/prefix?endpoint=http://127.0.0.1:9000&region=eu-north-1&path-style=false"
                + "&sse=aws:kms&sse-kms-key-id=arn:aws:kms:eu-north-1:1:key/2"
                + "&storage-class=STANDARD_IA&timeout=1500ms");
    assertThat(options.bucket()).isEqualTo("bucket");
    assertThat(options.endpoint()).contains(URI.create("http://127.0.0.1:9000"));
    assertThat(options.region()).contains("eu-north-1");
    assertThat(options.pathStyle()).isFalse();
    assertThat(options.encryption()).contains("aws:kms");
    assertThat(options.kmsKeyId()).contains("arn:aws:kms:eu-north-1:1:key/2");
    assertThat(options.storageClass()).contains("STANDARD_IA");
    assertThat(options.silence()).isEqualTo(Duration.ofMillis(1_500));
  }

  @Test
  void defaults() {
    assertThat(of("s3://bucket").pathStyle()).isFalse();
    assertThat(of("s3://bucket").silence()).isEqualTo(Duration.ofSeconds(30));
    assertThat(of("s3://bucket?endpoint=minio.example.org").pathStyle()).isTrue();
    assertThat(of("s3://bucket?endpoint=minio.example.org").endpoint())
        .contains(URI.create("https://minio.example.org"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "s3://b_!/x                        | 'b_!' is no name of a bucket|''",
        "s3://bucket?endpont=http://h      | unknown parameter 'endpont'; known are endpoint, path-style, region, sse, sse-kms-key-id, storage-class, timeout|''",
        "s3://bucket?endpoint=ftp://h      | parameter endpoint is 'ftp://h', not http(s)://host:port|''",
        "s3://bucket?endpoint=http://u:p@h | parameter endpoint holds a user|u:p@h",
        "s3://bucket?endpoint=http://u:p@_h| parameter endpoint holds a user|u:p@_h",
        "s3://bucket?path-style=yes        | parameter path-style is 'yes', not true or false|''",
        "s3://bucket?timeout=5             | parameter timeout is '5', not a time such as 5s or 500ms|''",
        "s3://bucket?timeout=0s            | parameter timeout is '0s', not a time such as 5s or 500ms|''",
        "s3://bucket?sse=des               | parameter sse is 'des', not AES256 or aws:kms|''",
        "s3://bucket?sse-kms-key-id=k      | parameter sse-kms-key-id needs sse=aws:kms|''",
        "s3://bucket?region=               | parameter region has no value|''",
        "s3://bucket?region=a&region=b     | parameter region is given twice|''",
        "s3:///prefix                      | is no name of a bucket|''",
      })
  void refuses(String url, String why, String secret) {
    var thrown =
        assertThatThrownBy(() -> of(url))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining(why);
    if (!secret.isEmpty()) {
      thrown.hasMessageNotContaining(secret);
    }
  }

  @Test
  void partsAreAsSmallAsTheirNumberAllows() {
    assertThat(Multipart.partBytes(40L << 20)).isEqualTo(16 << 20);
    assertThat(Multipart.partBytes(5L << 40)).isEqualTo(525L << 20);
    assertThat((5L << 40) / Multipart.partBytes(5L << 40)).isLessThan(10_000);
  }
}
