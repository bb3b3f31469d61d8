package dev.sluice.store;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What must hold of the object that is there for a put to happen; checked atomically with it. */
public final class PutCondition {
  /** Always. */
  public static final PutCondition NONE = new PutCondition("none", null);

  /** There is no object under the key. */
  public static final PutCondition IF_ABSENT = new PutCondition("absent", null);

  private final String name;
  private final @Nullable Etag etag;

  private PutCondition(String name, @Nullable Etag etag) {
    this.name = name;
    this.etag = etag;
  }

  /** The object under the key is the version with this etag. */
  public static PutCondition ifMatch(Etag etag) {
    return new PutCondition("etag is " + etag.value(), etag);
  }

  /** The etag to match; empty for {@link #NONE} and {@link #IF_ABSENT}. */
  public Optional<Etag> etag() {
    return Optional.ofNullable(etag);
  }

  /** Whether a put may go ahead when {@code present} is there. */
  public boolean allows(Optional<Etag> present) {
    if (etag != null) {
      return present.isPresent() && present.get().equals(etag);
    }
    return this == NONE || present.isEmpty();
  }

  @Override
  public String toString() {
    return name;
  }
}
