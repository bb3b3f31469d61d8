package dev.sluice.store.s3;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.sluice.store.StoreUrl;
import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.MinIOContainer;
import org.testcontainers.utility.DockerImageName;
import software.amazon.awssdk.services.s3.S3Client;

/** Against MinIO in a container, where there is Docker. */
@Timeout(300)
final class MinioTest extends S3Contract {
  private static MinIOContainer server;

  @BeforeAll
  static void start() throws IOException {
    assumeTrue(
        DockerClientFactory.instance().isDockerAvailable(),
        "skipped: no Docker, in which MinIO would run");
    Versitygw.useCredentials();
    server =
        new MinIOContainer(DockerImageName.parse("minio/minio:RELEASE.2025-09-07T16-13-09Z"))
            .withUserName(Versitygw.ACCESS_KEY)
            .withPassword(Versitygw.SECRET_KEY);
    server.start();
    S3Options options = S3Options.of(StoreUrl.parse("s3://bucket?endpoint=" + server.getS3URL()));
    try (S3Client client = S3Clients.open(options)) {
      client.createBucket(bucket -> bucket.bucket("bucket"));
    }
  }

  @AfterAll
  static void stop() {
    if (server != null) {
      server.stop();
    }
  }

  @Override
  protected String endpoint() {
    return server.getS3URL();
  }

  @Override
  protected String bucket() {
    return "bucket";
  }
}
