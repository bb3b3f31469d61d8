package dev.sluice.lease;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.ClientBuilder;
import io.etcd.jetcd.KV;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.kv.TxnResponse;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.PutOption;
import io.grpc.Status;
import java.io.File;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A register that is a key of etcd, version 3. The version of a value is its mod revision, which
 * etcd gives to one write only; a write is a transaction that compares it. Reads are linearizable,
 * as etcd's are when nothing else is asked for.
 *
 * <p>Addresses are resolved once.
 */
final class EtcdRegister implements Register {
  /** For one call, whatever happens in it. */
  private static final long CALL_SECONDS = 5;

  /** For repeating a read that no member took, or anything after a new login. */
  private static final Duration RETRY = Duration.ofSeconds(4);

  private static final int RETRIES = 3;
  private static final int RETRY_MILLIS = 50;
  private static final int RETRY_MOST_MILLIS = 1_000;

  private static final String UNREACHABLE =
      "; check that etcd runs, has a leader, and is reached at these addresses (over TLS with"
          + " etcds://, without with etcd://)";

  private final EtcdUrl url;
  private final Client client;
  private final KV values;
  private final ByteSequence key;

  private EtcdRegister(EtcdUrl url, Client client) {
    this.url = url;
    this.client = client;
    this.values = client.getKVClient();
    this.key = bytes(url.key());
  }

  /**
   * Opens one, without asking a server.
   *
   * @param environment has, if need be, ETCD_USER, ETCD_PASSWORD and ETCD_CACERT
   */
  static EtcdRegister open(EtcdUrl url, Map<String, String> environment) throws IOException {
    ClientBuilder builder =
        Client.builder()
            .target("ip:///" + String.join(",", url.endpoints()))
            .connectTimeout(Duration.ofSeconds(CALL_SECONDS))
            .waitForReady(false)
            .retryMaxAttempts(RETRIES)
            .retryDelay(RETRY_MILLIS)
            .retryMaxDelay(RETRY_MOST_MILLIS)
            .retryMaxDuration(RETRY);
    String user = environment.getOrDefault("ETCD_USER", "");
    String password = environment.getOrDefault("ETCD_PASSWORD", "");
    if (user.isEmpty() != password.isEmpty()) {
      throw new IOException(url + ": of ETCD_USER and ETCD_PASSWORD one is not set; set both");
    }
    if (!user.isEmpty()) {
      builder.user(bytes(user)).password(bytes(password));
    }
    if (url.tls()) {
      trust(builder, url, environment.getOrDefault("ETCD_CACERT", ""));
    }
    return new EtcdRegister(url, builder.build());
  }

  private static void trust(ClientBuilder builder, EtcdUrl url, String certificates)
      throws IOException {
    try {
      builder.sslContext(
          tls -> {
            if (!certificates.isEmpty()) {
              tls.trustManager(new File(certificates));
            }
          });
    } catch (IOException | IllegalArgumentException e) {
      throw new IOException(
          url
              + ": TLS can't be set up"
              + (certificates.isEmpty()
                  ? ""
                  : "; is '" + certificates + "' (ETCD_CACERT) a file of certificates in PEM?")
              + " ("
              + e.getMessage()
              + ")",
          e);
    }
  }

  private static ByteSequence bytes(String text) {
    return ByteSequence.from(text, UTF_8);
  }

  @Override
  public Optional<Versioned> read() throws IOException {
    return call("read", () -> values.get(key)).getKvs().stream()
        .findFirst()
        .map(EtcdRegister::versioned);
  }

  private static Versioned versioned(KeyValue there) {
    return new Versioned(there.getValue().getBytes(), Long.toString(there.getModRevision()));
  }

  @Override
  public Optional<String> write(byte[] value, @Nullable Versioned before) throws IOException {
    CmpTarget<?> expected =
        before == null
            ? CmpTarget.version(0)
            : CmpTarget.modRevision(Long.parseLong(before.version()));
    TxnResponse answer =
        call(
            "write",
            () ->
                values
                    .txn()
                    .If(new Cmp(key, Cmp.Op.EQUAL, expected))
                    .Then(Op.put(key, ByteSequence.from(value), PutOption.DEFAULT))
                    .commit());
    return answer.isSucceeded()
        ? Optional.of(Long.toString(answer.getHeader().getRevision()))
        : Optional.empty();
  }

  private <T> T call(String what, Supplier<CompletableFuture<T>> request) throws IOException {
    CompletableFuture<T> answer = null;
    try {
      answer = request.get();
      return answer.get(CALL_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      answer.cancel(true);
      Thread.currentThread().interrupt();
      InterruptedIOException stopped = new InterruptedIOException(url + ": interrupted");
      stopped.initCause(e);
      throw stopped;
    } catch (TimeoutException e) {
      // What waits to be sent again is not sent; what was sent may be written yet.
      answer.cancel(true);
      throw new IOException(
          url + ": " + what + ": no answer in " + CALL_SECONDS + " s" + UNREACHABLE, e);
    } catch (ExecutionException e) {
      throw failed(what, e.getCause() == null ? e : e.getCause());
    } catch (RuntimeException e) {
      throw failed(what, e);
    }
  }

  private IOException failed(String what, Throwable e) {
    Status status = Status.fromThrowable(e);
    String advice =
        switch (status.getCode()) {
          case UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED -> UNREACHABLE;
          case UNAUTHENTICATED, INVALID_ARGUMENT ->
              "; give user and password in ETCD_USER and ETCD_PASSWORD of the environment";
          case PERMISSION_DENIED ->
              "; let the user of ETCD_USER read and write the key '" + url.key() + "'";
          default -> "";
        };
    return new IOException(url + ": " + what + ": " + reason(e) + advice, e);
  }

  /** What the innermost error says: the outer ones only that there was one. */
  private static String reason(Throwable e) {
    Throwable inner = e;
    while (inner.getCause() != null) {
      inner = inner.getCause();
    }
    return inner.getMessage() == null ? inner.getClass().getSimpleName() : inner.getMessage();
  }

  @Override
  public void close() {
    client.close();
  }

  @Override
  public String toString() {
    return url.toString();
  }
}
