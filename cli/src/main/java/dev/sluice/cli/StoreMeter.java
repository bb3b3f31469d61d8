package dev.sluice.cli;

import dev.sluice.node.Prices;
import dev.sluice.node.StoreUsage;
import dev.sluice.node.StoreUsage.Requests;
import dev.sluice.store.StoreListener.Operation;
import dev.sluice.store.StoreStats;
import java.time.Clock;
import java.time.Duration;

/** Counts what a store is asked, and says what that comes to. Safe for use by many threads. */
final class StoreMeter {
  private static final long WINDOW_MILLIS = Duration.ofMinutes(10).toMillis();
  private static final long DAY_MILLIS = Duration.ofDays(1).toMillis();

  private record Sample(long millis, Requests requests) {}

  private final String store;
  private final Prices prices;
  private final Clock clock;
  private final StoreStats stats = new StoreStats();

  /** The rate is that since the older of them. Guarded by this. */
  private Sample older;

  private Sample newer;

  StoreMeter(String store, Prices prices, Clock clock) {
    this.store = store;
    this.prices = prices;
    this.clock = clock;
    older = new Sample(clock.millis(), requests());
    newer = older;
  }

  StoreStats stats() {
    return stats;
  }

  private Requests requests() {
    return new Requests(
        stats.requests(Operation.PUT) + stats.requests(Operation.PART),
        stats.requests(Operation.GET),
        stats.requests(Operation.HEAD),
        stats.requests(Operation.LIST),
        stats.requests(Operation.DELETE),
        stats.bytesOut(),
        stats.bytesIn());
  }

  /**
   * @param keptBytes what is there
   */
  synchronized StoreUsage usage(long keptBytes) {
    Sample now = new Sample(clock.millis(), requests());
    if (now.millis() - newer.millis() >= WINDOW_MILLIS) {
      older = newer;
      newer = now;
    }
    // What a start asks for is not what goes on: a short time counts as a whole window.
    double factor = (double) DAY_MILLIS / Math.max(WINDOW_MILLIS, now.millis() - older.millis());
    Requests perDay = now.requests().since(older.requests(), factor);
    return new StoreUsage(
        store,
        now.requests(),
        perDay,
        stats.errors(),
        keptBytes,
        perDay.microDollars(prices) + prices.microDollarsPerDay(keptBytes));
  }
}
