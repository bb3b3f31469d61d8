package dev.sluice.follow;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** The primary's side of following. */
public interface StreamService {
  /** The content type of the answer. */
  String CONTENT_TYPE = "application/vnd.sluice.stream";

  /**
   * Serves one follower until it leaves or the node stops: reads what it has from {@code request},
   * then writes transactions as they are committed. Blocks the calling thread; the response must be
   * flushed to the network when {@code response.flush()} is called.
   *
   * @throws IOException when the follower has left
   */
  void serve(InputStream request, OutputStream response) throws IOException;
}
