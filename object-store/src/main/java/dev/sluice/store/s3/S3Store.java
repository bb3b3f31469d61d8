package dev.sluice.store.s3;

import dev.sluice.store.ByteRange;
import dev.sluice.store.ByteSource;
import dev.sluice.store.Etag;
import dev.sluice.store.Keys;
import dev.sluice.store.ObjectInfo;
import dev.sluice.store.ObjectNotFoundException;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.PreconditionFailedException;
import dev.sluice.store.PutCondition;
import dev.sluice.store.StoreListener;
import dev.sluice.store.StoreListener.Operation;
import dev.sluice.store.StoreListener.Request;
import dev.sluice.store.StoreUnavailableException;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.exception.SdkServiceException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.Delete;
import software.amazon.awssdk.services.s3.model.DeleteObjectsResponse;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ObjectIdentifier;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.S3Error;

/**
 * A bucket at Amazon S3 or a server that speaks its protocol.
 *
 * <p>Conditions are the server's: {@code If-None-Match: *} and {@code If-Match}, also on the
 * request that completes a large object. An etag is the server's, mostly made of the content. The
 * listener hears of each HTTP request.
 *
 * <p>Content goes from its source to the connection through one small buffer, so memory does not
 * depend on the size of objects.
 */
final class S3Store implements ObjectStore {
  private static final Logger LOG = LoggerFactory.getLogger(S3Store.class);

  /** As many keys as one request deletes at most. */
  private static final int DELETE_BATCH = 1000;

  /**
   * Before content of this size is sent under a condition, a HEAD asks whether that holds: a server
   * that knows it does not closes the connection early, and its answer is lost in the broken pipe.
   */
  static final int ASK_FIRST_BYTES = 1 << 20;

  private final S3Options options;
  private final S3Client client;
  private final StoreListener listener;
  private final S3Errors errors;
  private final Multipart multipart;
  private final Conditions conditions;
  private volatile boolean deletesOneByOne;

  private S3Store(S3Options options, S3Client client, StoreListener listener) {
    this.options = options;
    this.client = client;
    this.listener = listener;
    this.errors = new S3Errors(options);
    this.multipart = new Multipart(this, options);
    this.conditions = new Conditions(options);
  }

  static S3Store open(S3Options options, StoreListener listener) throws IOException {
    return new S3Store(options, S3Clients.open(options), listener);
  }

  @Override
  public Optional<ObjectInfo> head(String key) throws IOException {
    Keys.check(key);
    return send(
        Operation.HEAD,
        key,
        PutCondition.NONE,
        0,
        s3 -> {
          try {
            HeadObjectResponse found =
                s3.headObject(head -> head.bucket(options.bucket()).key(key));
            return Optional.of(info(key, found));
          } catch (SdkServiceException e) {
            if (e.statusCode() == 404) {
              return Optional.empty();
            }
            throw e;
          }
        });
  }

  private static ObjectInfo info(String key, HeadObjectResponse found) {
    Map<String, String> metadata = new TreeMap<>();
    if (found.hasMetadata()) {
      found.metadata().forEach((name, value) -> metadata.put(name.toLowerCase(Locale.ROOT), value));
    }
    Long size = found.contentLength();
    return new ObjectInfo(
        key, size == null ? 0 : size, time(found.lastModified()), etag(found.eTag()), metadata);
  }

  /** To the second, as the header of an object has it, so that lists say the same. */
  static Instant time(@Nullable Instant time) {
    return time == null ? Instant.EPOCH : time.truncatedTo(ChronoUnit.SECONDS);
  }

  static Etag etag(@Nullable String quoted) {
    return new Etag(quoted == null ? "" : quoted.replaceAll("^\"|\"$", ""));
  }

  @Override
  public InputStream get(String key, ByteRange range) throws IOException {
    Keys.check(key);
    if (range.length() == 0) {
      return nothingOf(key);
    }
    GetObjectRequest.Builder request = GetObjectRequest.builder().bucket(options.bucket()).key(key);
    boolean whole = range.equals(ByteRange.ALL);
    if (!whole) {
      long last = range.offset() + range.length() - 1;
      request.range("bytes=" + range.offset() + "-" + (last < range.offset() ? "" : last));
    }
    long start = System.nanoTime();
    try {
      ResponseInputStream<GetObjectResponse> content = client.getObject(request.build());
      if (!whole && content.response().contentRange() == null) {
        content.abort();
        throw new IOException(this + ": get '" + key + "': the server sends no ranges of objects");
      }
      Long length = content.response().contentLength();
      return new ObjectStream(
          content,
          length == null ? Long.MAX_VALUE : length,
          doing(Operation.GET, key),
          (bytes, error) -> tell(Operation.GET, key, start, bytes, 0, error));
    } catch (SdkServiceException e) {
      if (e.statusCode() == 416) {
        tell(Operation.GET, key, start, 0, 0, null);
        return InputStream.nullInputStream();
      }
      IOException error =
          e.statusCode() == 404 && !S3Errors.code(e).equals("NoSuchBucket")
              ? new ObjectNotFoundException(this, key)
              : errors.translate(doing(Operation.GET, key), e);
      tell(Operation.GET, key, start, 0, 0, error);
      throw error;
    } catch (SdkException e) {
      IOException error = errors.translate(doing(Operation.GET, key), e);
      tell(Operation.GET, key, start, 0, 0, error);
      throw error;
    }
  }

  private InputStream nothingOf(String key) throws IOException {
    if (head(key).isEmpty()) {
      throw new ObjectNotFoundException(this, key);
    }
    return InputStream.nullInputStream();
  }

  @Override
  public Etag put(
      String key, ByteSource content, Map<String, String> metadata, PutCondition condition)
      throws IOException {
    Keys.check(key);
    Keys.checkMetadata(metadata);
    if (condition == PutCondition.NONE) {
      return putUnder(key, content, metadata, condition);
    }
    if (content.sizeBytes() >= ASK_FIRST_BYTES || conditions.areIgnored()) {
      look(key, condition);
    }
    try {
      Etag etag = putUnder(key, content, metadata, condition);
      return conditions.areUnknown() && content.sizeBytes() < ASK_FIRST_BYTES
          ? tryCondition(key, content, metadata, etag)
          : etag;
    } catch (NotImplementedException e) {
      conditions.ignored();
      look(key, condition);
      return putUnder(key, content, metadata, PutCondition.NONE);
    }
  }

  private void look(String key, PutCondition condition) throws IOException {
    if (!condition.allows(head(key).map(ObjectInfo::etag))) {
      throw new PreconditionFailedException(this, key, condition);
    }
  }

  /** Puts what is there already once more, if there is nothing: that must fail. */
  private Etag tryCondition(
      String key, ByteSource content, Map<String, String> metadata, Etag stored) {
    try {
      Etag again = putUnder(key, content, metadata, PutCondition.IF_ABSENT);
      conditions.ignored();
      return again;
    } catch (PreconditionFailedException e) {
      conditions.checked();
    } catch (IOException e) {
      LOG.debug("{}: whether conditions are checked is still unknown", this, e);
    }
    return stored;
  }

  private Etag putUnder(
      String key, ByteSource content, Map<String, String> metadata, PutCondition condition)
      throws IOException {
    long size = content.sizeBytes();
    if (size > Multipart.WHOLE_BYTES) {
      return multipart.put(key, content, metadata, condition);
    }
    PutObjectRequest.Builder request =
        PutObjectRequest.builder()
            .bucket(options.bucket())
            .key(key)
            .metadata(metadata)
            .serverSideEncryption(options.encryption().orElse(null))
            .ssekmsKeyId(options.kmsKeyId().orElse(null))
            .storageClass(options.storageClass().orElse(null))
            .ifNoneMatch(ifNoneMatch(condition))
            .ifMatch(ifMatch(condition));
    try (Part whole = new Part(content, 0, size)) {
      return send(
          Operation.PUT,
          key,
          condition,
          size,
          s3 -> etag(s3.putObject(request.build(), whole.body()).eTag()));
    }
  }

  static @Nullable String ifNoneMatch(PutCondition condition) {
    return condition == PutCondition.IF_ABSENT ? "*" : null;
  }

  static @Nullable String ifMatch(PutCondition condition) {
    return condition.etag().map(etag -> '"' + etag.value() + '"').orElse(null);
  }

  @Override
  public boolean checksConditions() {
    return !conditions.areIgnored();
  }

  @Override
  public Stream<ObjectInfo> list(String prefix, String startAfter) throws IOException {
    return new S3Listing(this, options, prefix, startAfter).stream();
  }

  @Override
  public void delete(Collection<String> keys) throws IOException {
    List<String> all = new ArrayList<>(keys);
    all.forEach(Keys::check);
    for (int from = 0; from < all.size(); from += DELETE_BATCH) {
      List<String> batch = all.subList(from, Math.min(all.size(), from + DELETE_BATCH));
      if (batch.size() > 1 && !deletesOneByOne) {
        try {
          deleteBatch(batch);
          continue;
        } catch (NotImplementedException e) {
          deletesOneByOne = true;
          LOG.info("{}: objects are deleted one by one: {}", this, e.getMessage());
        }
      }
      for (String key : batch) {
        deleteOne(key);
      }
    }
  }

  private void deleteOne(String key) throws IOException {
    send(
        Operation.DELETE,
        key,
        PutCondition.NONE,
        0,
        s3 -> s3.deleteObject(delete -> delete.bucket(options.bucket()).key(key)));
  }

  private void deleteBatch(List<String> keys) throws IOException {
    Delete delete =
        Delete.builder()
            .quiet(true)
            .objects(keys.stream().map(key -> ObjectIdentifier.builder().key(key).build()).toList())
            .build();
    DeleteObjectsResponse answer =
        send(
            Operation.DELETE,
            keys.get(0),
            PutCondition.NONE,
            0,
            s3 -> s3.deleteObjects(d -> d.bucket(options.bucket()).delete(delete)));
    List<S3Error> failed =
        answer.hasErrors()
            ? answer.errors().stream().filter(e -> !"NoSuchKey".equals(e.code())).toList()
            : List.of();
    if (failed.isEmpty()) {
      return;
    }
    S3Error first = failed.get(0);
    String message =
        String.format(
            "%s: %,d of %,d objects not deleted, the first is '%s': %s: %s",
            this, failed.size(), keys.size(), first.key(), first.code(), first.message());
    if (failed.stream().allMatch(e -> S3Errors.passes(String.valueOf(e.code())))) {
      throw new StoreUnavailableException(message, null);
    }
    throw new IOException(message);
  }

  /**
   * Sends one request.
   *
   * @param condition of a put, whose failing gets an exception of its own
   * @param bytesOut content that it carries
   */
  <T> T send(
      Operation operation,
      String key,
      PutCondition condition,
      long bytesOut,
      Function<S3Client, T> request)
      throws IOException {
    long start = System.nanoTime();
    try {
      T answer = request.apply(client);
      tell(operation, key, start, 0, bytesOut, null);
      return answer;
    } catch (RuntimeException e) {
      IOException error =
          isConditionBroken(e, condition)
              ? new PreconditionFailedException(this, key, condition)
              : errors.translate(doing(operation, key), e);
      tell(operation, key, start, 0, 0, error);
      throw error;
    }
  }

  private static boolean isConditionBroken(RuntimeException e, PutCondition condition) {
    if (condition == PutCondition.NONE || !(e instanceof SdkServiceException service)) {
      return false;
    }
    // If-Match on an object that is not there is answered with 404.
    boolean isMissing =
        service.statusCode() == 404
            && condition.etag().isPresent()
            && S3Errors.code(service).equals("NoSuchKey");
    return service.statusCode() == 412 || isMissing;
  }

  private void tell(
      Operation operation,
      String key,
      long start,
      long bytesIn,
      long bytesOut,
      @Nullable IOException error) {
    listener.onRequest(
        new Request(
            operation,
            key,
            System.nanoTime() - start,
            bytesIn,
            bytesOut,
            Optional.ofNullable(error)));
  }

  private String doing(Operation operation, String key) {
    return this + ": " + operation.name().toLowerCase(Locale.ROOT) + " '" + key + "'";
  }

  @Override
  public void close() {
    multipart.close();
    client.close();
  }

  @Override
  public String toString() {
    return "s3://" + options.bucket();
  }
}
