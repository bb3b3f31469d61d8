package dev.sluice.node;

/**
 * What the node has asked of one of its stores, all databases together.
 *
 * @param store its URL
 * @param requests since the node was started
 * @param perDay what a day comes to at the rate of the last ten to twenty minutes, or since the
 *     start
 * @param errors requests that failed, since the start
 * @param keptBytes of the files of all databases that are known to be there
 * @param microDollarsPerDay what the requests and the bytes read of such a day cost, and that what
 *     is there is kept, in millionths of a dollar
 */
public record StoreUsage(
    String store,
    Requests requests,
    Requests perDay,
    long errors,
    long keptBytes,
    long microDollarsPerDay) {
  /**
   * Requests by kind, each try counted.
   *
   * @param bytesOut sent to the store
   * @param bytesIn read from it
   */
  public record Requests(
      long puts, long gets, long heads, long lists, long deletes, long bytesOut, long bytesIn) {
    /** These, without those of {@code earlier}, in so much more time. */
    public Requests since(Requests earlier, double factor) {
      return new Requests(
          Math.round((puts - earlier.puts) * factor),
          Math.round((gets - earlier.gets) * factor),
          Math.round((heads - earlier.heads) * factor),
          Math.round((lists - earlier.lists) * factor),
          Math.round((deletes - earlier.deletes) * factor),
          Math.round((bytesOut - earlier.bytesOut) * factor),
          Math.round((bytesIn - earlier.bytesIn) * factor));
    }

    /** In millionths of a dollar. */
    public long microDollars(Prices prices) {
      double dollars =
          puts / 1000.0 * prices.putPer1000()
              + (gets + heads) / 1000.0 * prices.getPer1000()
              + lists / 1000.0 * prices.listPer1000()
              + bytesIn / 1e9 * prices.outPerGb();
      return Math.round(dollars * 1e6);
    }
  }
}
