package dev.sluice.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/** What a store lists, found one by one: {@link ObjectStore#list} for those that list piecewise. */
public abstract class ObjectListing implements Iterator<ObjectInfo> {
  private @Nullable ObjectInfo next;

  /** The next object, in the order of the keys; null at the end. */
  protected abstract @Nullable ObjectInfo advance() throws IOException;

  /**
   * All of them, for one thread. To be called once.
   *
   * @throws IOException when even the first can't be found; later ones throw {@link
   *     UncheckedIOException} from the stream
   */
  public final Stream<ObjectInfo> stream() throws IOException {
    next = advance();
    return StreamSupport.stream(
        Spliterators.spliteratorUnknownSize(
            this, Spliterator.ORDERED | Spliterator.DISTINCT | Spliterator.NONNULL),
        false);
  }

  @Override
  public final boolean hasNext() {
    return next != null;
  }

  @Override
  public final ObjectInfo next() {
    ObjectInfo current = next;
    if (current == null) {
      throw new NoSuchElementException();
    }
    try {
      next = advance();
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
    return current;
  }
}
