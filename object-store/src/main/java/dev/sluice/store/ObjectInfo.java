package dev.sluice.store;

import java.time.Instant;
import java.util.Map;

/**
 * An object in a store.
 *
 * @param lastModified when it was put, or the time of its content where the store shows that: see
 *     {@link ObjectStore#TIMESTAMP}
 * @param metadata as put; always empty in listings
 */
public record ObjectInfo(
    String key, long sizeBytes, Instant lastModified, Etag etag, Map<String, String> metadata) {
  public ObjectInfo {
    metadata = Map.copyOf(metadata);
  }

  ObjectInfo withKey(String newKey) {
    return new ObjectInfo(newKey, sizeBytes, lastModified, etag, metadata);
  }

  ObjectInfo withoutMetadata() {
    return metadata.isEmpty() ? this : new ObjectInfo(key, sizeBytes, lastModified, etag, Map.of());
  }
}
