package dev.sluice.follow;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a follower sends first, as JSON.
 *
 * @param node id of the follower
 * @param positions where it stands, by database
 * @param only the databases it wants; null for all
 */
record StreamRequest(
    @JsonProperty("node") String node,
    @JsonProperty("positions") Map<String, String> positions,
    @JsonProperty("only") @Nullable List<String> only) {}
