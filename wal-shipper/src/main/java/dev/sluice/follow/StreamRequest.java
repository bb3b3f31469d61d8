package dev.sluice.follow;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sluice.log.DatabaseName;
import dev.sluice.ltx.Position;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a follower sends first, as JSON.
 *
 * @param node id of the follower
 * @param url where others reach it as a node of the cluster; null when it is none, or serves nobody
 * @param statusUrl where a node that is none of the cluster says how it is; null when it does not
 * @param epoch the greatest that it has heard of; 0 without a lease
 * @param positions where it stands, by database
 * @param only the databases it wants; null for all
 */
@JsonIgnoreProperties(ignoreUnknown = true)
record StreamRequest(
    @JsonProperty("node") String node,
    @JsonProperty("url") @Nullable String url,
    @JsonProperty("statusUrl") @Nullable String statusUrl,
    @JsonProperty("epoch") long epoch,
    @JsonProperty("positions") Map<String, String> positions,
    @JsonProperty("only") @Nullable List<String> only) {
  /** More than a node can serve well, and little enough to be kept for each follower. */
  static final int MAX_DATABASES = 100_000;

  /** An id has 16 letters; what is logged of one that is none shall be short. */
  private static final int MAX_NODE_LENGTH = 64;

  private static final ObjectMapper JSON = new ObjectMapper();

  StreamRequest {
    if (node == null || node.length() > MAX_NODE_LENGTH || !node.matches("[0-9A-Za-z._-]+")) {
      throw new IllegalArgumentException("the id of the follower is missing or malformed");
    }
    positions = positions == null ? Map.of() : Map.copyOf(positions);
    only = only == null ? null : List.copyOf(only);
    if (positions.size() + (only == null ? 0 : only.size()) > MAX_DATABASES) {
      throw new IllegalArgumentException(
          "more than " + MAX_DATABASES + " databases; follow fewer from one node");
    }
    positions.values().forEach(Position::parse);
    if (only != null) {
      only.forEach(DatabaseName::checked);
    }
  }

  /**
   * Reads one.
   *
   * @throws BadStreamRequestException when it is none
   */
  static StreamRequest readFrom(InputStream in) throws BadStreamRequestException {
    try {
      StreamRequest request = JSON.readValue(in, StreamRequest.class);
      if (request == null) {
        throw new IOException("it is null");
      }
      return request;
    } catch (IOException | RuntimeException e) {
      throw BadStreamRequestException.not("the request of a follower", e);
    }
  }
}
