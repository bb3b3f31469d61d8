package dev.sluice.monitor;

import dev.sluice.access.FileVersion;
import dev.sluice.access.TlsFiles;
import java.io.Closeable;
import java.io.IOException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * TLS of a server, which reads its files again when they change; connections that are open go on
 * with what they began with. Loaded only where TLS is used. Safe for use by many threads.
 */
final class Tls implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(Tls.class);

  private static final long LOOK_SECONDS = 5;

  private final TlsFiles files;
  private final SslContextFactory.Server context = new SslContextFactory.Server();

  /** Of the key store in memory, which nobody else sees. */
  private final String password;

  private final ScheduledExecutorService watch =
      Executors.newSingleThreadScheduledExecutor(task -> NodeServer.thread("sluice-tls", task));

  /** Of what was read last, or could not be read. Guarded by {@link #look}'s lock. */
  private List<FileVersion> versions;

  /**
   * Reads the files and begins to look at them.
   *
   * @throws IOException naming the file, what is wrong and what to do
   */
  Tls(TlsFiles files) throws IOException {
    this.files = files;
    byte[] random = new byte[16];
    new SecureRandom().nextBytes(random);
    password = HexFormat.of().formatHex(random);
    versions = files.versions();
    use(context, files.keyStore(password.toCharArray()), files.clientAuthorities());
    var unused =
        watch.scheduleWithFixedDelay(this::look, LOOK_SECONDS, LOOK_SECONDS, TimeUnit.SECONDS);
  }

  private void use(SslContextFactory target, KeyStore keys, @Nullable KeyStore clientAuthorities) {
    target.setKeyStore(keys);
    target.setKeyStorePassword(password);
    target.setTrustStore(clientAuthorities);
    context.setNeedClientAuth(clientAuthorities != null);
  }

  /** What connections begin with. */
  ConnectionFactory connectionFactory() {
    SslConnectionFactory factory =
        new SslConnectionFactory(context, HttpVersion.HTTP_1_1.asString());
    // Clients verify the name; refusing a Host that is not in the certificate protects nobody here.
    factory.setEnsureSecureRequestCustomizer(false);
    return factory;
  }

  /** Reads the files if they have changed. What makes no sense leaves the old in use. */
  synchronized void look() {
    List<FileVersion> now = files.versions();
    if (now.equals(versions)) {
      return;
    }
    versions = now;
    try {
      KeyStore keys = files.keyStore(password.toCharArray());
      KeyStore clientAuthorities = files.clientAuthorities();
      context.reload(target -> use(target, keys, clientAuthorities));
      LOG.info("{}: the certificate was read again", files.certificate());
    } catch (Exception e) {
      LOG.error("{}; what was read before stays in use", e.getMessage());
      LOG.debug("{}", files, e);
    }
  }

  @Override
  public void close() {
    watch.shutdownNow();
  }
}
