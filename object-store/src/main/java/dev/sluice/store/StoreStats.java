package dev.sluice.store;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** Sums over the requests to a store. Safe for use by many threads. */
public final class StoreStats implements StoreListener {
  private final Map<Operation, LongAdder> requests = new EnumMap<>(Operation.class);
  private final LongAdder errors = new LongAdder();
  private final LongAdder bytesIn = new LongAdder();
  private final LongAdder bytesOut = new LongAdder();
  private final LongAdder nanos = new LongAdder();

  public StoreStats() {
    for (Operation operation : Operation.values()) {
      requests.put(operation, new LongAdder());
    }
  }

  @Override
  public void onRequest(Request request) {
    requests.getOrDefault(request.operation(), errors).increment();
    if (request.error().isPresent()) {
      errors.increment();
    }
    bytesIn.add(request.bytesIn());
    bytesOut.add(request.bytesOut());
    nanos.add(request.nanos());
  }

  public long requests(Operation operation) {
    LongAdder sum = requests.get(operation);
    return sum == null ? 0 : sum.sum();
  }

  /** Requests of all kinds. */
  public long requests() {
    return requests.values().stream().mapToLong(LongAdder::sum).sum();
  }

  public long errors() {
    return errors.sum();
  }

  public long bytesIn() {
    return bytesIn.sum();
  }

  public long bytesOut() {
    return bytesOut.sum();
  }

  /** Time of all requests together. */
  public long nanos() {
    return nanos.sum();
  }
}
