package dev.sluice.follow;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/** The primary's side of following. Safe for use by many threads. */
public interface StreamService {
  /** The content type of the answer. */
  String CONTENT_TYPE = "application/vnd.sluice.stream";

  /** The header of each answer with the epoch of the term in which it is given. */
  String EPOCH = "Sluice-Epoch";

  /**
   * The header of the answer to a follower that is to say what it has on its disk, with {@code POST
   * /v1/acks}.
   */
  String ACKS = "Sluice-Acks";

  /** Why this node serves no stream at this moment; null when it does. */
  default @Nullable String refusal() {
    return null;
  }

  /** Of this node's term as a primary; 0 without a lease. */
  default long epoch() {
    return 0;
  }

  /** Whether followers are to say what they have on their disks. */
  default boolean wantsAcks() {
    return false;
  }

  /**
   * Takes note of what a follower has on its disk.
   *
   * @param request what it has sent
   * @throws BadStreamRequestException when that is no acknowledgement
   * @throws IOException when it is for another term than this node's
   */
  default void acknowledged(byte[] request) throws IOException {
    throw new IOException("this node wants no acknowledgements");
  }

  /**
   * Serves one follower until it leaves or the node stops: reads what it has from {@code request},
   * then writes transactions as they are committed. Blocks the calling thread; the response must be
   * flushed to the network when {@code response.flush()} is called.
   *
   * @throws IOException when the follower has left
   */
  void serve(InputStream request, OutputStream response) throws IOException;

  /**
   * Answers a follower from whose state the log does not lead on: what brings its database here.
   *
   * @throws IOException when it can't be made, or the follower has left
   */
  default void difference(String database, InputStream request, OutputStream response)
      throws IOException {
    throw new IOException("this node makes no differences");
  }
}
