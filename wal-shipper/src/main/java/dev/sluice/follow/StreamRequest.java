package dev.sluice.follow;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a follower sends first, as JSON.
 *
 * @param node id of the follower
 * @param url where others reach it; null when it serves nobody
 * @param epoch the greatest that it has heard of; 0 without a lease
 * @param positions where it stands, by database
 * @param only the databases it wants; null for all
 */
@JsonIgnoreProperties(ignoreUnknown = true)
record StreamRequest(
    @JsonProperty("node") String node,
    @JsonProperty("url") @Nullable String url,
    @JsonProperty("epoch") long epoch,
    @JsonProperty("positions") Map<String, String> positions,
    @JsonProperty("only") @Nullable List<String> only) {}
