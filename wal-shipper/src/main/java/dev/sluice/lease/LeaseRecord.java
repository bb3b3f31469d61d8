package dev.sluice.lease;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the register holds, as JSON. No two are alike: {@code term} and {@code renewal} together are
 * of one attempt to write.
 *
 * @param epoch of the last node that got the lease; only grows
 * @param term random, the same as long as that node renews it
 * @param renewal counts what the holder tried to write in this term
 * @param holder id of that node; null once it has given the lease back
 * @param url where other nodes reach the holder; null when it takes no followers
 * @param ttlMillis how long it may hold it after each renewal
 * @param inSync nodes beside the holder that have every acknowledged transaction, when only those
 *     may be next; null when any may
 * @param successor who is to be next when the holder gave it back; null for anybody
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
public record LeaseRecord(
    @JsonProperty("epoch") long epoch,
    @JsonProperty("term") String term,
    @JsonProperty("renewal") long renewal,
    @JsonProperty("holder") @Nullable String holder,
    @JsonProperty("url") @Nullable String url,
    @JsonProperty("ttlMillis") long ttlMillis,
    @JsonProperty("inSync") @Nullable List<String> inSync,
    @JsonProperty("successor") @Nullable String successor) {
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  public LeaseRecord {
    if (epoch < 1 || ttlMillis < 1 || term == null) {
      throw new IllegalArgumentException("it has no epoch, no term or no time to live");
    }
    inSync = inSync == null ? null : List.copyOf(inSync);
  }

  /**
   * Whether {@code node} may be next. The holder made sure that the successor it named has
   * everything.
   *
   * @param forgetful whether the node may have lost what it committed, or had not acknowledged
   */
  public boolean isOpenTo(String node, boolean forgetful) {
    List<String> only = inSync;
    return only == null
        || only.contains(node)
        || (!forgetful && (node.equals(successor) || node.equals(holder)));
  }

  /** The record that comes after this one in the same term. */
  LeaseRecord next(
      @Nullable String nextHolder,
      @Nullable List<String> nextInSync,
      @Nullable String nextSuccessor) {
    return new LeaseRecord(
        epoch, term, renewal + 1, nextHolder, url, ttlMillis, nextInSync, nextSuccessor);
  }

  static LeaseRecord parse(byte[] json, Object where) throws IOException {
    String why;
    try {
      LeaseRecord record = JSON.readValue(json, LeaseRecord.class);
      if (record != null) {
        return record;
      }
      why = "it is null";
    } catch (IOException e) {
      why = e instanceof JsonProcessingException bad ? bad.getOriginalMessage() : e.getMessage();
    }
    throw new IOException(
        "what is at "
            + where
            + " is not a lease: "
            + why
            + "; give the cluster another place, or delete it while no node runs");
  }

  /** As the register holds it. */
  public byte[] bytes() throws IOException {
    return JSON.writeValueAsBytes(this);
  }
}
