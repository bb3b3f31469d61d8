package dev.sluice.store.s3;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Against versitygw, a real server. */
@Timeout(60)
final class VersitygwTest extends S3Contract {
  private static Versitygw server;

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    server = Versitygw.start(directory);
    server.createBucket("bucket");
  }

  @AfterAll
  static void stop() throws Exception {
    if (server != null) {
      server.close();
    }
  }

  @Override
  protected String endpoint() {
    return server.endpoint();
  }

  @Override
  protected String bucket() {
    return "bucket";
  }
}
