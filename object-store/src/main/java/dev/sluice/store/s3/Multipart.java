package dev.sluice.store.s3;

import dev.sluice.store.Backoff;
import dev.sluice.store.ByteSource;
import dev.sluice.store.Etag;
import dev.sluice.store.PutCondition;
import dev.sluice.store.StoreListener.Operation;
import dev.sluice.store.StoreUnavailableException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.CreateMultipartUploadRequest;

/**
 * Puts of large objects: begun, sent in parts, a few at a time, and completed; or aborted, since
 * parts that were left cost money unseen. A part that fails is repeated here, because a repetition
 * of the put sends all of them.
 */
final class Multipart implements AutoCloseable {
  /** Content up to this size goes in one request. */
  static final long WHOLE_BYTES = 32 << 20;

  private static final long PART_BYTES = 16 << 20;
  private static final int MOST_PARTS = 10_000;
  private static final int AT_ONCE = 4;

  /** Two repetitions of a part within some seconds; what lasts longer is for RetryingStore. */
  private static final Backoff BACKOFF =
      new Backoff(3, Duration.ofMillis(500), Duration.ofSeconds(2));

  private final S3Store store;
  private final S3Options options;
  private final Random random = new Random();
  private final AtomicInteger threads = new AtomicInteger();

  /** Threads {@code s3-part-…} of all puts together; they end when there is nothing to send. */
  private final ThreadPoolExecutor senders;

  Multipart(S3Store store, S3Options options) {
    this.store = store;
    this.options = options;
    this.senders =
        new ThreadPoolExecutor(
            AT_ONCE, AT_ONCE, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), this::thread);
    senders.allowCoreThreadTimeOut(true);
  }

  private Thread thread(Runnable task) {
    Thread thread = new Thread(task, "s3-part-" + threads.getAndIncrement() % AT_ONCE);
    thread.setDaemon(true);
    return thread;
  }

  /** Whole MiB, as small as the number of parts allows. */
  static long partBytes(long sizeBytes) {
    long mib = 1 << 20;
    long smallest = (sizeBytes + MOST_PARTS - 1) / MOST_PARTS;
    return Math.max(PART_BYTES, (smallest + mib - 1) / mib * mib);
  }

  Etag put(String key, ByteSource content, Map<String, String> metadata, PutCondition condition)
      throws IOException {
    CreateMultipartUploadRequest begin =
        CreateMultipartUploadRequest.builder()
            .bucket(options.bucket())
            .key(key)
            .metadata(metadata)
            .serverSideEncryption(options.encryption().orElse(null))
            .ssekmsKeyId(options.kmsKeyId().orElse(null))
            .storageClass(options.storageClass().orElse(null))
            .build();
    String upload =
        store.send(
            Operation.PART,
            key,
            PutCondition.NONE,
            0,
            s3 -> s3.createMultipartUpload(begin).uploadId());
    try {
      List<CompletedPart> parts = sendParts(key, upload, content);
      return store.send(
          Operation.PUT,
          key,
          condition,
          0,
          s3 ->
              S3Store.etag(
                  s3.completeMultipartUpload(
                          complete ->
                              complete
                                  .bucket(options.bucket())
                                  .key(key)
                                  .uploadId(upload)
                                  .multipartUpload(all -> all.parts(parts))
                                  .ifNoneMatch(S3Store.ifNoneMatch(condition))
                                  .ifMatch(S3Store.ifMatch(condition)))
                      .eTag()));
    } catch (IOException | RuntimeException e) {
      abort(key, upload, e);
      throw e;
    }
  }

  private void abort(String key, String upload, Exception why) {
    boolean interrupted = Thread.interrupted();
    try {
      store.send(
          Operation.DELETE,
          key,
          PutCondition.NONE,
          0,
          s3 ->
              s3.abortMultipartUpload(
                  abort -> abort.bucket(options.bucket()).key(key).uploadId(upload)));
    } catch (IOException e) {
      why.addSuppressed(e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private List<CompletedPart> sendParts(String key, String upload, ByteSource content)
      throws IOException {
    long size = content.sizeBytes();
    long partBytes = partBytes(size);
    AtomicBoolean stopped = new AtomicBoolean();
    List<Future<CompletedPart>> sent = new ArrayList<>();
    List<CompletedPart> parts = new ArrayList<>();
    try {
      for (long offset = 0; offset < size; offset += partBytes) {
        Part part = new Part(content, offset, Math.min(partBytes, size - offset));
        int number = sent.size() + 1;
        sent.add(senders.submit(() -> send(key, upload, number, part, stopped)));
      }
      for (Future<CompletedPart> part : sent) {
        parts.add(part.get());
      }
      return parts;
    } catch (RejectedExecutionException e) {
      throw new IOException(store + ": put '" + key + "': the store is closed", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException cause) {
        throw cause;
      }
      throw new IOException(store + ": put '" + key + "': " + e.getCause(), e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted =
          new InterruptedIOException(store + ": put '" + key + "': interrupted");
      interrupted.initCause(e);
      throw interrupted;
    } finally {
      stopped.set(true);
      awaitEnd(sent);
    }
  }

  /** An upload that is aborted while a part arrives may keep that part. */
  private static void awaitEnd(List<Future<CompletedPart>> sent) {
    for (Future<CompletedPart> part : sent) {
      try {
        if (Thread.currentThread().isInterrupted()) {
          part.cancel(true);
        } else {
          part.get();
        }
      } catch (ExecutionException | CancellationException e) {
        // The first failure is on its way to the caller.
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private CompletedPart send(
      String key, String upload, int number, Part part, AtomicBoolean stopped)
      throws IOException, InterruptedException {
    for (int n = 1; ; n++) {
      if (stopped.get()) {
        throw new InterruptedIOException("another part failed");
      }
      try (part) {
        String etag =
            store.send(
                Operation.PART,
                key,
                PutCondition.NONE,
                part.length(),
                s3 ->
                    s3.uploadPart(
                            upload1 ->
                                upload1
                                    .bucket(options.bucket())
                                    .key(key)
                                    .uploadId(upload)
                                    .partNumber(number),
                            part.body())
                        .eTag());
        return CompletedPart.builder().partNumber(number).eTag(etag).build();
      } catch (StoreUnavailableException e) {
        if (n >= BACKOFF.attempts()) {
          throw e;
        }
        Thread.sleep(BACKOFF.before(n, random).toMillis());
      }
    }
  }

  @Override
  public void close() {
    senders.shutdownNow();
  }
}
