package dev.sluice.node;

import org.jspecify.annotations.Nullable;

/**
 * Another node, as one knows it.
 *
 * @param nodeId its id; null while that is not known
 * @param url where it is reached; null when it serves nobody
 */
public record NodePeer(@Nullable String nodeId, @Nullable String url) {}
