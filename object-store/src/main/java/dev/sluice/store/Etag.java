package dev.sluice.store;

/**
 * Names one version of an object; a put of other content under the key gives another. A store may
 * make it of the content, as S3 does: then the same content has the same. Opaque: compare only with
 * etags of the same key in the same store.
 */
public record Etag(String value) {}
