package dev.sluice.follow;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sluice.ltx.Position;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/**
 * What a follower says it has on its disk, of several databases at once, as JSON.
 *
 * @param node id of the follower
 * @param epoch of the primary that it follows
 * @param positions up to where the log of each database is on its disk
 */
@JsonIgnoreProperties(ignoreUnknown = true)
record AckRequest(
    @JsonProperty("node") String node,
    @JsonProperty("epoch") long epoch,
    @JsonProperty("positions") Map<String, String> positions) {
  private static final ObjectMapper JSON = new ObjectMapper();

  AckRequest {
    if (node == null || positions == null) {
      throw new IllegalArgumentException("it has no node or no positions");
    }
    if (positions.size() > StreamRequest.MAX_DATABASES) {
      throw new IllegalArgumentException(
          "more than " + StreamRequest.MAX_DATABASES + " databases at once");
    }
    positions = Map.copyOf(positions);
  }

  static AckRequest of(String node, long epoch, Map<String, Position> positions) {
    Map<String, String> texts = new HashMap<>();
    positions.forEach((name, position) -> texts.put(name, position.toString()));
    return new AckRequest(node, epoch, texts);
  }

  /**
   * Parses one.
   *
   * @throws BadStreamRequestException when it is none
   */
  static AckRequest parse(byte[] json) throws BadStreamRequestException {
    try {
      AckRequest request = JSON.readValue(json, AckRequest.class);
      if (request == null) {
        throw new IOException("it is null");
      }
      request.parsed();
      return request;
    } catch (IOException | RuntimeException e) {
      throw BadStreamRequestException.not("an acknowledgement", e);
    }
  }

  Map<String, Position> parsed() {
    Map<String, Position> parsed = new HashMap<>();
    positions.forEach((name, text) -> parsed.put(name, Position.parse(text)));
    return parsed;
  }

  byte[] bytes() throws IOException {
    return JSON.writeValueAsBytes(this);
  }
}
