package dev.sluice.store.s3;

import dev.sluice.store.ObjectInfo;
import dev.sluice.store.ObjectListing;
import dev.sluice.store.PutCondition;
import dev.sluice.store.StoreListener.Operation;
import java.io.IOException;
import java.util.Iterator;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.S3Object;

/** The objects of a bucket, page by page: S3 lists in the order of the bytes of their keys. */
final class S3Listing extends ObjectListing {
  private final S3Store store;
  private final String prefix;
  private final ListObjectsV2Request.Builder request;

  private Iterator<S3Object> page;
  private @Nullable String continuation;

  /** Asks for the first page. */
  S3Listing(S3Store store, S3Options options, String prefix, String startAfter) throws IOException {
    this.store = store;
    this.prefix = prefix;
    this.request =
        ListObjectsV2Request.builder()
            .bucket(options.bucket())
            .prefix(prefix)
            .maxKeys(options.pageKeys());
    if (!startAfter.isEmpty()) {
      request.startAfter(startAfter);
    }
    page = read(request.build());
  }

  private Iterator<S3Object> read(ListObjectsV2Request asked) throws IOException {
    ListObjectsV2Response answer =
        store.send(Operation.LIST, prefix, PutCondition.NONE, 0, s3 -> s3.listObjectsV2(asked));
    String token = answer.nextContinuationToken();
    continuation = Boolean.TRUE.equals(answer.isTruncated()) ? token : null;
    return answer.contents().iterator();
  }

  @Override
  protected @Nullable ObjectInfo advance() throws IOException {
    while (true) {
      while (page.hasNext()) {
        S3Object object = page.next();
        // Consoles and servers on file systems put empty objects for what they show as folders.
        if (!object.key().endsWith("/")) {
          return info(object);
        }
      }
      if (continuation == null) {
        return null;
      }
      page = read(request.startAfter(null).continuationToken(continuation).build());
    }
  }

  private static ObjectInfo info(S3Object object) {
    Long size = object.size();
    return new ObjectInfo(
        object.key(),
        size == null ? 0 : size,
        S3Store.time(object.lastModified()),
        S3Store.etag(object.eTag()),
        Map.of());
  }
}
