package dev.sluice.store;

import java.io.IOException;
import java.util.Optional;

/** Hears of every request to a store, from the thread that made it. Must not block or throw. */
public interface StoreListener {
  /** Kinds of requests. */
  enum Operation {
    HEAD,
    GET,
    /** An object stored; of a large one, the request that makes it of its parts. */
    PUT,
    /** What else a large object takes: the request that begins it, and each part. */
    PART,
    /** A page of a list. */
    LIST,
    DELETE
  }

  /**
   * A request that has ended.
   *
   * @param key the key or prefix; of a delete of many, the first
   * @param nanos until the answer; of a get until its stream was closed
   * @param bytesIn content read
   * @param bytesOut content written
   * @param error why it failed; a put whose condition did not hold and a missing object count as
   *     errors too
   */
  record Request(
      Operation operation,
      String key,
      long nanos,
      long bytesIn,
      long bytesOut,
      Optional<IOException> error) {}

  void onRequest(Request request);
}
