package dev.sluice.lease;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the register holds, as JSON.
 *
 * @param epoch of the last node that got the lease; only grows
 * @param holder id of that node; null once it has given the lease back
 * @param url where other nodes reach the holder; null when it takes no followers
 * @param ttlMillis how long it may hold it after each renewal
 * @param renewal counts the writes of the holder, so that no two records are the same
 * @param inSync nodes beside the holder that have every acknowledged transaction, when only those
 *     may be next; null when any may
 * @param successor who is to be next when the holder gave it back; null for anybody
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
public record LeaseRecord(
    @JsonProperty("epoch") long epoch,
    @JsonProperty("holder") @Nullable String holder,
    @JsonProperty("url") @Nullable String url,
    @JsonProperty("ttlMillis") long ttlMillis,
    @JsonProperty("renewal") long renewal,
    @JsonProperty("inSync") @Nullable List<String> inSync,
    @JsonProperty("successor") @Nullable String successor) {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  public LeaseRecord {
    inSync = inSync == null ? null : List.copyOf(inSync);
  }

  /** Whether {@code node} may be next. */
  public boolean isOpenTo(String node) {
    List<String> only = inSync;
    return only == null || only.contains(node) || node.equals(holder);
  }

  static LeaseRecord parse(byte[] json, Object where) throws IOException {
    try {
      LeaseRecord record = JSON.readValue(json, LeaseRecord.class);
      if (record.epoch < 1 || record.ttlMillis < 1) {
        throw new IOException("it has no epoch or no time to live");
      }
      return record;
    } catch (IOException e) {
      throw new IOException(
          "what is at "
              + where
              + " is not a lease: "
              + e.getMessage()
              + "; give the cluster another place, or delete it while no node runs",
          e);
    }
  }

  byte[] bytes() throws IOException {
    return JSON.writeValueAsBytes(this);
  }
}
