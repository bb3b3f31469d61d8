package dev.sluice.lease;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.lease.Lease.Clocks;
import dev.sluice.store.ByteRange;
import dev.sluice.store.ByteSource;
import dev.sluice.store.Etag;
import dev.sluice.store.InMemoryStore;
import dev.sluice.store.ObjectInfo;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.PutCondition;
import dev.sluice.store.s3.Versitygw;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.gaul.s3proxy.AuthenticationType;
import org.gaul.s3proxy.S3Proxy;
import org.jclouds.ContextBuilder;
import org.jclouds.blobstore.BlobStore;
import org.jclouds.blobstore.BlobStoreContext;
import org.jclouds.blobstore.TransientApiMetadata;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Objects of stores as registers. */
@Timeout(120)
final class StoreRegisterTest {
  private static final AtomicInteger PLACES = new AtomicInteger();

  @Nested
  final class InMemory extends RegisterContract {
    private final ObjectStore store = new InMemoryStore();

    @Override
    protected Register open() {
      return new StoreRegister(store, "a/lease", "memory");
    }
  }

  @Nested
  final class Directory extends RegisterContract {
    private final Path directory;

    Directory(@TempDir Path directory) {
      this.directory = directory;
    }

    @Override
    protected Register open() throws IOException {
      return Registers.open("file://" + directory + "/cluster");
    }

    @Test
    void theObjectIsBelowTheUrl() throws IOException {
      open().write("x".getBytes(UTF_8), null);
      assertThat(directory.resolve("cluster/sluice-lease")).hasContent("x");
    }
  }

  /** A real server. */
  @Nested
  final class OnVersitygw extends RegisterContract {
    private static Versitygw server;
    private static Path bucket;

    private final String place = "place" + PLACES.incrementAndGet();

    @BeforeAll
    static void start(@TempDir Path directory) throws Exception {
      server = Versitygw.start(directory);
      bucket = server.createBucket("bucket");
    }

    @AfterAll
    static void stop() {
      if (server != null) {
        server.close();
      }
    }

    @Override
    protected Register open() throws IOException {
      return Registers.open("s3://bucket/" + place + "?endpoint=" + server.endpoint());
    }

    @Test
    void theObjectIsBelowTheUrl() throws IOException {
      Register register = open();
      register.write("x".getBytes(UTF_8), null);
      assertThat(bucket.resolve(place + "/sluice-lease")).hasContent("x");
      assertThat(register).hasToString("s3://bucket/" + place + "/sluice-lease");
    }
  }

  /** S3Proxy, in this JVM, ignores If-None-Match. */
  @Test
  void aServerThatIgnoresConditionsKeepsNoLease() throws Exception {
    Versitygw.useCredentials();
    try (BlobStoreContext blobs =
        ContextBuilder.newBuilder(new TransientApiMetadata())
            .credentials("identity", "credential")
            .overrides(new Properties())
            .build(BlobStoreContext.class)) {
      BlobStore store = blobs.getBlobStore();
      store.createContainerInLocation(null, "bucket");
      S3Proxy server =
          S3Proxy.builder()
              .blobStore(store)
              .endpoint(URI.create("http://127.0.0.1:0"))
              .awsAuthentication(
                  AuthenticationType.AWS_V2_OR_V4, Versitygw.ACCESS_KEY, Versitygw.SECRET_KEY)
              .build();
      server.start();
      try {
        String url = "s3://bucket/cluster?endpoint=http://127.0.0.1:" + server.getPort();
        try (Lease lease = lease(Registers.open(url), "a")) {
          assertThatThrownBy(() -> lease.tryAcquire(lease.look(), null))
              .isInstanceOf(IOException.class)
              .hasMessageStartingWith("s3://bucket/cluster/sluice-lease: the store does not check")
              .hasMessageEndingWith("or in etcd");
          assertThat(lease.isHeld()).isFalse();
          assertThatThrownBy(lease::look).hasMessageContaining("does not check conditions");
        }
      } finally {
        server.stop();
      }
    }
  }

  @Test
  void aStoreThatIgnoresEtagsKeepsNoLease() throws IOException {
    ObjectStore careless = new CarelessStore();
    try (Lease lease = lease(new StoreRegister(careless, "lease", "careless"), "a")) {
      assertThatThrownBy(() -> lease.tryAcquire(lease.look(), null))
          .hasMessageStartingWith("careless: the store does not check conditions of puts");
      assertThat(lease.isHeld()).isFalse();
    }
  }

  private static Lease lease(Register register, String node) {
    return new Lease(register, node, null, Duration.ofSeconds(60), Clocks.SYSTEM);
  }

  /** Looks at If-None-Match only. */
  private static final class CarelessStore implements ObjectStore {
    private final InMemoryStore store = new InMemoryStore();

    @Override
    public Optional<ObjectInfo> head(String key) {
      return store.head(key);
    }

    @Override
    public InputStream get(String key, ByteRange range) throws IOException {
      return store.get(key, range);
    }

    @Override
    public Etag put(
        String key, ByteSource content, Map<String, String> metadata, PutCondition condition)
        throws IOException {
      return store.put(
          key, content, metadata, condition.etag().isPresent() ? PutCondition.NONE : condition);
    }

    @Override
    public boolean checksConditions() {
      return true;
    }

    @Override
    public Stream<ObjectInfo> list(String prefix, String startAfter) {
      return store.list(prefix, startAfter);
    }

    @Override
    public void delete(Collection<String> keys) {
      store.delete(keys);
    }

    @Override
    public void close() {}
  }
}
