package dev.sluice.store;

import dev.sluice.store.StoreListener.Operation;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A store that works except for the faults a test injects. A fault belongs to an operation and to
 * keys that contain a text, lets a number of calls pass, and then strikes a number of times.
 */
public final class FaultyStore implements ObjectStore {
  /** What goes wrong. */
  public enum Fault {
    /** Nothing happens and {@link StoreUnavailableException} is thrown. */
    UNAVAILABLE,
    /** A put or delete happens and {@link StoreUnavailableException} is thrown all the same. */
    AMBIGUOUS,
    /** An {@link IOException} that repeating does not cure. */
    BROKEN,
    /** A get's stream fails after its first byte. */
    CUT,
    /** The call waits until {@link #release()}. */
    HELD
  }

  private static final class Injection {
    final Fault fault;
    final Operation operation;
    final String keyPart;
    final AtomicInteger toPass;
    final AtomicInteger toStrike;

    Injection(Fault fault, Operation operation, String keyPart, int pass, int times) {
      this.fault = fault;
      this.operation = operation;
      this.keyPart = keyPart;
      this.toPass = new AtomicInteger(pass);
      this.toStrike = new AtomicInteger(times);
    }

    boolean strikes(Operation called, String key) {
      return called == operation
          && key.contains(keyPart)
          && toPass.getAndDecrement() <= 0
          && toStrike.getAndDecrement() > 0;
    }
  }

  private final ObjectStore store;
  private final List<Injection> injections = new CopyOnWriteArrayList<>();
  private final Set<String> hiddenFromLists = ConcurrentHashMap.newKeySet();
  private final Object gate = new Object();
  private volatile boolean listsAreStale;
  private boolean released; // Guarded by gate.

  public FaultyStore(ObjectStore store) {
    this.store = store;
  }

  /** The next call of an operation meets the fault. */
  public FaultyStore failNext(Fault fault, Operation operation) {
    return inject(fault, operation, "", 0, 1);
  }

  /** After {@code pass} calls on keys that contain {@code keyPart}, the next {@code times} fail. */
  public FaultyStore inject(Fault fault, Operation operation, String keyPart, int pass, int times) {
    injections.add(new Injection(fault, operation, keyPart, pass, times));
    return this;
  }

  /** No further faults. */
  public void heal() {
    injections.clear();
    freshenLists();
    release();
  }

  /** From now on, lists leave out what is put later. */
  public void staleLists() {
    listsAreStale = true;
  }

  /** Lists show everything again. */
  public void freshenLists() {
    listsAreStale = false;
    hiddenFromLists.clear();
  }

  /** Lets held calls, and those to come, go on. */
  public void release() {
    synchronized (gate) {
      released = true;
      gate.notifyAll();
    }
  }

  /** The fault this call meets, if it strikes after the operation; others are thrown from here. */
  private @Nullable Fault strike(Operation operation, String key) throws IOException {
    for (Injection injection : injections) {
      if (injection.strikes(operation, key)) {
        switch (injection.fault) {
          case UNAVAILABLE -> throw unavailable(operation, key);
          case BROKEN ->
              throw new IOException(this + ": injected: " + operation + " '" + key + "'");
          case HELD -> hold();
          case AMBIGUOUS, CUT -> {
            return injection.fault;
          }
        }
      }
    }
    return null;
  }

  private void hold() throws IOException {
    synchronized (gate) {
      while (!released) {
        try {
          gate.wait();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new IOException("interrupted while held", e);
        }
      }
    }
  }

  private StoreUnavailableException unavailable(Operation operation, String key) {
    return new StoreUnavailableException(
        this + ": injected: " + operation + " '" + key + "' unavailable", null);
  }

  @Override
  public Optional<ObjectInfo> head(String key) throws IOException {
    strike(Operation.HEAD, key);
    return store.head(key);
  }

  @Override
  public InputStream get(String key, ByteRange range) throws IOException {
    if (strike(Operation.GET, key) == Fault.CUT) {
      return new CutStream(store.get(key, range), unavailable(Operation.GET, key));
    }
    return store.get(key, range);
  }

  @Override
  public Etag put(
      String key, ByteSource content, Map<String, String> metadata, PutCondition condition)
      throws IOException {
    Fault fault = strike(Operation.PUT, key);
    boolean isNew = listsAreStale && store.head(key).isEmpty();
    Etag etag = store.put(key, content, metadata, condition);
    if (isNew) {
      hiddenFromLists.add(key);
    }
    if (fault == Fault.AMBIGUOUS) {
      throw unavailable(Operation.PUT, key);
    }
    return etag;
  }

  @Override
  public boolean checksConditions() {
    return store.checksConditions();
  }

  @Override
  public Stream<ObjectInfo> list(String prefix, String startAfter) throws IOException {
    strike(Operation.LIST, prefix);
    return store.list(prefix, startAfter).filter(info -> !hiddenFromLists.contains(info.key()));
  }

  @Override
  public void delete(Collection<String> keys) throws IOException {
    String joined = keys.stream().collect(Collectors.joining(" "));
    Fault fault = strike(Operation.DELETE, joined);
    store.delete(keys);
    if (fault == Fault.AMBIGUOUS) {
      throw unavailable(Operation.DELETE, joined);
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

  private static final class CutStream extends FilterInputStream {
    private final IOException failure;
    private boolean delivered;

    CutStream(InputStream in, IOException failure) {
      super(in);
      this.failure = failure;
    }

    @Override
    public int read() throws IOException {
      if (delivered) {
        throw failure;
      }
      delivered = true;
      return in.read();
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int b = length == 0 ? -1 : read();
      if (b < 0) {
        return length == 0 ? 0 : -1;
      }
      bytes[offset] = (byte) b;
      return 1;
    }
  }
}
