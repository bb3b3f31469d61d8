package dev.sluice.store.s3;

import dev.sluice.store.ObjectStore;
import dev.sluice.store.PrefixedStore;
import dev.sluice.store.StoreListener;
import dev.sluice.store.StoreProvider;
import dev.sluice.store.StoreUrl;
import java.io.IOException;
import java.util.Set;

/** Opens {@code s3://bucket/prefix?parameters}. */
public final class S3Provider implements StoreProvider {
  @Override
  public Set<String> schemes() {
    return Set.of("s3");
  }

  @Override
  public ObjectStore open(StoreUrl url, StoreListener listener) throws IOException {
    S3Store bucket = S3Store.open(S3Options.of(url), listener);
    return url.path().isEmpty() ? bucket : new PrefixedStore(bucket, url.path());
  }
}
