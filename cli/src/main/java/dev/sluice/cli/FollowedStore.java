package dev.sluice.cli;

import dev.sluice.follow.Pace;
import dev.sluice.follow.StoreFollower;
import dev.sluice.node.StoreUsage;
import dev.sluice.restore.RestoreOptions;
import dev.sluice.restore.StoreLayout;
import dev.sluice.store.Backoff;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.RetryingStore;
import dev.sluice.store.StoreUrl;
import dev.sluice.store.Stores;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;

/** The backup of one database that a node follows, opened. Safe for use by many threads. */
final class FollowedStore implements Closeable {
  /**
   * Few, so that a stop does not wait for them; the follower asks again for as long as it takes.
   */
  private static final Backoff RETRIES =
      new Backoff(3, Duration.ofMillis(100), Duration.ofSeconds(2));

  private final StoreUrl url;
  private final String database;
  private final Pace pace;
  private final StoreMeter meter;
  private final ObjectStore store;

  private FollowedStore(StoreUrl url, String database, Pace pace) throws IOException {
    this.url = url;
    this.database = database;
    this.pace = pace;
    meter =
        new StoreMeter(
            url.toString(), SluiceConfig.EMPTY.shipping().pricesOf(url), Clock.systemUTC());
    store = new RetryingStore(Stores.open(url, meter.stats()), RETRIES);
  }

  /**
   * Opens a store.
   *
   * @param url of the backup, or of what backups lie below when {@code name} is given
   * @param name of the database; empty for the last part of the URL
   * @throws IllegalArgumentException if the URL or the name makes no sense
   */
  static FollowedStore open(StoreUrl url, String name, Pace pace) throws IOException {
    if (!name.isEmpty()) {
      return new FollowedStore(SluiceConfig.below(url, name), name, pace);
    }
    String path = url.path().replaceAll("/+$", "");
    String last = path.substring(path.lastIndexOf('/') + 1);
    return new FollowedStore(url, last.isEmpty() ? url.authority() : last, pace);
  }

  /** What the node that follows it calls the database. */
  String database() {
    return database;
  }

  StoreFollower.Options options(Path temporary) {
    return new StoreFollower.Options(
        store,
        StoreLayout.of(url.scheme(), ""),
        database,
        pace,
        RestoreOptions.of(url.scheme()),
        temporary);
  }

  /** What it was asked. */
  StoreUsage usage() {
    return meter.usage(0);
  }

  @Override
  public void close() throws IOException {
    store.close();
  }

  @Override
  public String toString() {
    return url.toString();
  }
}
