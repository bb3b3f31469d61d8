package dev.sluice.monitor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.node.DatabaseStatus.FollowStatus;
import dev.sluice.node.DatabaseStatus.StoreStatus;
import dev.sluice.node.DatabaseStatus.VerificationStatus;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MetricsTest {
  private static final Pattern SAMPLE =
      Pattern.compile("([a-z_]+(?:\\{(?:[a-z]+=\"[^\"]*\",?)*})?) ([-+0-9.eEInfNa]+)");

  private final ServedNode served;

  MetricsTest(@TempDir Path directory) throws IOException {
    served = new ServedNode(directory);
  }

  @AfterEach
  void stop() {
    served.close();
  }

  /** All samples; every line must be one, or a comment. */
  private Map<String, Double> scrape() throws Exception {
    HttpResponse<String> answer = served.get("/metrics");
    assertThat(answer.headers().firstValue("content-type"))
        .hasValue("text/plain; version=0.0.4; charset=utf-8");
    Map<String, Double> samples = new HashMap<>();
    for (String line : answer.body().lines().toList()) {
      Matcher sample = SAMPLE.matcher(line);
      if (sample.matches()) {
        double value =
            sample.group(2).equals("+Inf")
                ? Double.POSITIVE_INFINITY
                : Double.parseDouble(sample.group(2));
        assertThat(samples.put(sample.group(1), value)).as(line).isNull();
      } else {
        assertThat(line).startsWith("# ");
      }
    }
    return samples;
  }

  @Test
  void ofAPrimary() throws Exception {
    served.node.commit("shop/app.db", 1);
    served.node.commit("shop/app.db", 2);
    served.node.commit("blog.db", 1);
    served.node.store =
        new StoreStatus("file:///backup", "0000000000000001/8000000000000000", 1_000, null)
            .withVerification(new VerificationStatus("failed", 1_500, "damaged", "away"));
    served.node.gaps = 2;
    served.node.databases.events().refused("blog.db", new IOException("disk full"));
    served.get("/v1/wait?database=no.db&position=0000000000000001/0000000000000001");
    Map<String, Double> samples = scrape();
    assertThat(samples)
        .containsEntry("sluice_database_position_txid{database=\"shop/app.db\",}", 2.0)
        .containsEntry("sluice_database_applied_txid{database=\"shop/app.db\",}", 2.0)
        .containsEntry("sluice_database_position_txid{database=\"blog.db\",}", 1.0)
        .containsEntry("sluice_database_commits_total{database=\"shop/app.db\",}", 2.0)
        .containsEntry("sluice_database_commits_total{database=\"blog.db\",}", 1.0)
        .containsEntry(
            "sluice_database_shipped_txid{database=\"shop/app.db\",store=\"file:///backup\",}", 1.0)
        .containsEntry("sluice_database_size_bytes{database=\"shop/app.db\",}", 512.0)
        .containsEntry("sluice_database_log_bytes{database=\"shop/app.db\",}", 4096.0)
        .containsEntry("sluice_databases", 2.0)
        .containsEntry("sluice_databases_bytes", 1024.0)
        .containsEntry("sluice_log_bytes", 8192.0)
        .containsEntry("sluice_commits_total", 3.0)
        .containsEntry("sluice_commits_refused_total", 1.0)
        .containsEntry("sluice_capture_gaps_total", 4.0)
        .containsEntry("sluice_unshipped_databases", 2.0)
        .containsEntry("sluice_verification_oldest_timestamp_seconds", 1.5)
        .containsEntry("sluice_primary", 1.0)
        .containsEntry("sluice_commit_seconds_count", 3.0)
        .containsEntry("sluice_commit_seconds_bucket{le=\"+Inf\",}", 3.0)
        .containsEntry("sluice_database_commits_refused_total{database=\"blog.db\",}", 1.0)
        .containsEntry("sluice_waits_total{outcome=\"unknown_database\",}", 1.0)
        .containsEntry("sluice_waits_total{outcome=\"reached\",}", 0.0)
        .containsEntry("sluice_waits_open", 0.0)
        .containsEntry("sluice_fuse_requests_total{operation=\"write\",}", 17.0)
        .containsEntry("sluice_fuse_request_seconds_total{operation=\"write\",}", 2.5)
        .containsEntry("sluice_fuse_allocated_bytes_total", 4711.0)
        .containsEntry(
            "sluice_store_requests_total{store=\"s3://backup\",operation=\"put\",}", 10.0)
        .containsEntry("sluice_store_bytes_total{store=\"s3://backup\",direction=\"out\",}", 5000.0)
        .containsEntry("sluice_store_kept_bytes{store=\"s3://backup\",}", 7000.0)
        .containsEntry("sluice_store_request_errors_total{store=\"s3://backup\",}", 1.0)
        .containsEntry("sluice_database_capture_gaps_total{database=\"blog.db\",}", 2.0)
        .containsEntry(
            "sluice_database_verification_timestamp_seconds{database=\"blog.db\",store=\"file:///backup\",}",
            1.5)
        .containsEntry("sluice_ready", 1.0)
        .containsEntry("sluice_connected", 1.0)
        .containsEntry(
            "sluice_info{version=\"%s\",role=\"primary\",node=\"00000000deadbeef\",}"
                .formatted(Version.CURRENT),
            1.0)
        .containsKey("jvm_threads_current");
    assertThat(samples.get("sluice_database_log_written_bytes_total{database=\"shop/app.db\",}"))
        .isPositive();
    assertThat(
            samples.get(
                "sluice_database_unshipped_age_seconds{database=\"shop/app.db\",store=\"file:///backup\",}"))
        .isPositive();
    assertThat(samples.keySet())
        .noneMatch(name -> name.startsWith("sluice_follower") || name.contains("_lag_"));
  }

  @Test
  void ofAFollowerInTrouble() throws Exception {
    served.node.commit("shop/app.db", 1);
    served.node.role = "follower";
    served.node.notReady = "catching up";
    served.node.connected = false;
    served.node.error = "damaged";
    served.node.follow = new FollowStatus("0000000000000009/8000000000000000", 8, 2_500);
    served.node.store = new StoreStatus("file:///backup", null, 0, null);
    Map<String, Double> samples = scrape();
    assertThat(samples.keySet()).noneMatch(name -> name.contains("_verification_"));
    served.node.store = null;
    assertThat(scrape())
        .containsEntry("sluice_database_lag_transactions{database=\"shop/app.db\",}", 8.0)
        .containsEntry("sluice_database_lag_seconds{database=\"shop/app.db\",}", 2.5)
        .containsEntry("sluice_follower_lag_transactions", 8.0)
        .containsEntry("sluice_follower_lag_seconds", 2.5)
        .containsEntry("sluice_follower_lagging_databases", 1.0)
        .containsEntry("sluice_primary", 0.0)
        .containsEntry("sluice_ready", 0.0)
        .containsEntry("sluice_connected", 0.0)
        .doesNotContainKey(
            "sluice_database_shipped_txid{database=\"shop/app.db\",store=\"file:///backup\",}");
  }

  @Test
  void openMetricsWhenAskedFor() throws Exception {
    HttpResponse<String> answer =
        served.http.send(
            HttpRequest.newBuilder(served.uri("/metrics"))
                .header("Accept", "application/openmetrics-text; version=1.0.0")
                .build(),
            BodyHandlers.ofString());
    assertThat(answer.headers().firstValue("content-type").orElse(""))
        .startsWith("application/openmetrics-text");
    assertThat(answer.body()).contains("# TYPE sluice info\n").endsWith("# EOF\n");
  }
}
