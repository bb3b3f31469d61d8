package dev.sluice.store;

import dev.sluice.store.StoreListener.Operation;
import dev.sluice.store.StoreListener.Request;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.stream.Stream;

/** Tells a listener of every request. Inside a {@link RetryingStore} it tells of every try. */
public final class MeteredStore implements ObjectStore {
  private final ObjectStore store;
  private final StoreListener listener;
  private final LongSupplier nanoTime;

  public MeteredStore(ObjectStore store, StoreListener listener) {
    this(store, listener, System::nanoTime);
  }

  MeteredStore(ObjectStore store, StoreListener listener, LongSupplier nanoTime) {
    this.store = store;
    this.listener = listener;
    this.nanoTime = nanoTime;
  }

  /** A request under way; raised when told how it ended. */
  private final class Timer {
    private final Operation operation;
    private final String key;
    private final long start = nanoTime.getAsLong();

    Timer(Operation operation, String key) {
      this.operation = operation;
      this.key = key;
    }

    void done(long bytesIn, long bytesOut) {
      raise(bytesIn, bytesOut, Optional.empty());
    }

    IOException failed(long bytesIn, IOException error) {
      raise(bytesIn, 0, Optional.of(error));
      return error;
    }

    private void raise(long bytesIn, long bytesOut, Optional<IOException> error) {
      long nanos = nanoTime.getAsLong() - start;
      listener.onRequest(new Request(operation, key, nanos, bytesIn, bytesOut, error));
    }
  }

  @Override
  public Optional<ObjectInfo> head(String key) throws IOException {
    Timer timer = new Timer(Operation.HEAD, key);
    try {
      Optional<ObjectInfo> info = store.head(key);
      timer.done(0, 0);
      return info;
    } catch (IOException e) {
      throw timer.failed(0, e);
    }
  }

  @Override
  public InputStream get(String key, ByteRange range) throws IOException {
    Timer timer = new Timer(Operation.GET, key);
    try {
      return new MeteredStream(store.get(key, range), timer);
    } catch (IOException e) {
      throw timer.failed(0, e);
    }
  }

  @Override
  public void readFully(String key, long offset, ByteBuffer buffer) throws IOException {
    Timer timer = new Timer(Operation.GET, key);
    int start = buffer.position();
    try {
      store.readFully(key, offset, buffer);
      timer.done(buffer.position() - start, 0);
    } catch (IOException e) {
      throw timer.failed(buffer.position() - start, e);
    }
  }

  @Override
  public Etag put(
      String key, ByteSource content, Map<String, String> metadata, PutCondition condition)
      throws IOException {
    Timer timer = new Timer(Operation.PUT, key);
    try {
      Etag etag = store.put(key, content, metadata, condition);
      timer.done(0, content.sizeBytes());
      return etag;
    } catch (IOException e) {
      throw timer.failed(0, e);
    }
  }

  @Override
  public boolean checksConditions() {
    return store.checksConditions();
  }

  @Override
  public Stream<ObjectInfo> list(String prefix, String startAfter) throws IOException {
    Timer timer = new Timer(Operation.LIST, prefix);
    try {
      Stream<ObjectInfo> stream = store.list(prefix, startAfter);
      timer.done(0, 0);
      return stream;
    } catch (IOException e) {
      throw timer.failed(0, e);
    }
  }

  @Override
  public void delete(Collection<String> keys) throws IOException {
    Timer timer = new Timer(Operation.DELETE, keys.stream().findFirst().orElse(""));
    try {
      store.delete(keys);
      timer.done(0, 0);
    } catch (IOException e) {
      throw timer.failed(0, e);
    }
  }

  @Override
  public void close() throws IOException {
    store.close();
  }

  @Override
  public String toString() {
    return store.toString();
  }

  private static final class MeteredStream extends FilterInputStream {
    private final Timer timer;
    private long bytes;
    private boolean raised;

    MeteredStream(InputStream in, Timer timer) {
      super(in);
      this.timer = timer;
    }

    @Override
    public int read() throws IOException {
      try {
        int b = in.read();
        bytes += b < 0 ? 0 : 1;
        return b;
      } catch (IOException e) {
        throw failed(e);
      }
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      try {
        int n = in.read(buffer, offset, length);
        bytes += Math.max(n, 0);
        return n;
      } catch (IOException e) {
        throw failed(e);
      }
    }

    @Override
    public boolean markSupported() {
      return false;
    }

    @Override
    public void close() throws IOException {
      try {
        in.close();
      } finally {
        if (!raised) {
          raised = true;
          timer.done(bytes, 0);
        }
      }
    }

    private IOException failed(IOException e) {
      if (!raised) {
        raised = true;
        timer.failed(bytes, e);
      }
      return e;
    }
  }
}
