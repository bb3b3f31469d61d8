package dev.sluice.store;

/**
 * Names one version of an object; another put of the key gives another. Opaque: compare only with
 * etags of the same key in the same store.
 */
public record Etag(String value) {}
