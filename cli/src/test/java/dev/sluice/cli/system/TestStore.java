package dev.sluice.cli.system;

import dev.sluice.store.s3.Versitygw;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** An empty store of a test: a directory of its sandbox, or a bucket of a real S3 server. */
final class TestStore implements AutoCloseable {
  private final String base;
  private final String query;
  private final @Nullable Versitygw server;

  private TestStore(String base, String query, @Nullable Versitygw server) {
    this.base = base;
    this.query = query;
    this.server = server;
  }

  /** Of the scheme {@code file} or {@code s3}. */
  static TestStore open(Sandbox sandbox, String scheme) throws Exception {
    if (scheme.equals("file")) {
      return new TestStore(sandbox.store(), "", null);
    }
    Versitygw server = Versitygw.start(sandbox.path("s3"));
    server.createBucket("bucket");
    return new TestStore("s3://bucket/store", "?region=us-east-1&endpoint=", server);
  }

  /** The URL of the whole store. */
  String url() {
    return url("");
  }

  /** The URL of a database's backup. */
  String database(String name) {
    return url("/" + name);
  }

  private String url(String path) {
    return base + path + query + (server == null ? "" : server.endpoint());
  }

  /** The port of the S3 server. */
  int port() {
    return Objects.requireNonNull(server).port();
  }

  /** The same database by way of a proxy. */
  String database(String name, String endpoint) {
    return base + "/" + name + query + endpoint;
  }

  @Override
  public void close() {
    if (server != null) {
      server.close();
    }
  }
}
