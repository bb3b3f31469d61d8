package dev.sluice.store.s3;

import java.net.URI;
import java.util.Properties;
import org.gaul.s3proxy.AuthenticationType;
import org.gaul.s3proxy.S3Proxy;
import org.jclouds.ContextBuilder;
import org.jclouds.blobstore.BlobStore;
import org.jclouds.blobstore.BlobStoreContext;
import org.jclouds.blobstore.TransientApiMetadata;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;

/** Against S3Proxy in this JVM: a server that runs on any machine. */
@Timeout(60)
final class S3ProxyTest extends S3Contract {
  private static BlobStoreContext blobs;
  private static S3Proxy server;

  @BeforeAll
  static void start() throws Exception {
    Versitygw.useCredentials();
    blobs =
        ContextBuilder.newBuilder(new TransientApiMetadata())
            .credentials("identity", "credential")
            .overrides(new Properties())
            .build(BlobStoreContext.class);
    BlobStore store = blobs.getBlobStore();
    store.createContainerInLocation(null, "bucket");
    server =
        S3Proxy.builder()
            .blobStore(store)
            .endpoint(URI.create("http://127.0.0.1:0"))
            .awsAuthentication(
                AuthenticationType.AWS_V2_OR_V4, Versitygw.ACCESS_KEY, Versitygw.SECRET_KEY)
            .build();
    server.start();
  }

  @AfterAll
  static void stop() throws Exception {
    server.stop();
    blobs.close();
  }

  @Override
  protected String endpoint() {
    return "http://127.0.0.1:" + server.getPort();
  }

  @Override
  protected String bucket() {
    return "bucket";
  }

  /** It ignores If-None-Match, which S3Store has to find out. */
  @Override
  protected boolean checksConditionsAtomically() {
    return false;
  }

  @Override
  protected boolean listsByCodePoint() {
    return false;
  }
}
