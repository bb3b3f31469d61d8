package dev.sluice.node;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * What a store charges, in dollars.
 *
 * @param putPer1000 for 1,000 puts
 * @param getPer1000 for 1,000 gets and heads
 * @param listPer1000 for 1,000 listings
 * @param outPerGb for 10^9 bytes read from it
 * @param storagePerGbMonth for 10^9 bytes kept for a month
 */
public record Prices(
    @JsonProperty("put-per-1000") double putPer1000,
    @JsonProperty("get-per-1000") double getPer1000,
    @JsonProperty("list-per-1000") double listPer1000,
    @JsonProperty("out-per-gb") double outPerGb,
    @JsonProperty("storage-per-gb-month") double storagePerGbMonth) {
  private static final int DAYS_OF_A_MONTH = 30;

  /** List prices of S3 Standard in us-east-1, the first 50 TB, read from the internet. */
  public static final Prices S3_STANDARD = new Prices(0.005, 0.0004, 0.005, 0.09, 0.023);

  /** A directory. */
  public static final Prices NONE = new Prices(0, 0, 0, 0, 0);

  public Prices {
    for (double price :
        new double[] {putPer1000, getPer1000, listPer1000, outPerGb, storagePerGbMonth}) {
      if (!(price >= 0)) {
        throw new IllegalArgumentException("'prices' can't be negative");
      }
    }
  }

  /** What it costs to keep so many bytes for a day, in millionths of a dollar. */
  public long microDollarsPerDay(long keptBytes) {
    return Math.round(keptBytes / 1e9 * storagePerGbMonth / DAYS_OF_A_MONTH * 1e6);
  }
}
