package dev.sluice.follow;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/**
 * A node that follows, as its primary knows it.
 *
 * @param node id
 * @param url where others reach it; null when it serves nobody
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record Member(
    @JsonProperty("node") String node, @JsonProperty("url") @Nullable String url) {}
