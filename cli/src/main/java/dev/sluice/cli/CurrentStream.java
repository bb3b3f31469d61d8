package dev.sluice.cli;

import dev.sluice.follow.StreamServer;
import dev.sluice.follow.StreamService;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The stream of whatever a node is at the moment. */
final class CurrentStream implements StreamService {
  private final Supplier<@Nullable StreamServer> served;
  private final BooleanSupplier hasCaughtUp;

  /**
   * @param served null while the node serves none
   * @param hasCaughtUp whether the node knows which databases there are
   */
  CurrentStream(Supplier<@Nullable StreamServer> served, BooleanSupplier hasCaughtUp) {
    this.served = served;
    this.hasCaughtUp = hasCaughtUp;
  }

  private StreamService current() throws IOException {
    StreamServer server = served.get();
    if (server == null) {
      throw new IOException("this node is not the primary");
    }
    return server;
  }

  @Override
  public @Nullable String refusal() {
    if (served.get() == null) {
      return "this node is not the primary";
    }
    return hasCaughtUp.getAsBoolean()
        ? null
        : "this node follows another, and has not caught up with it yet";
  }

  @Override
  public long epoch() {
    StreamServer server = served.get();
    return server == null ? 0 : server.epoch();
  }

  @Override
  public boolean wantsAcks() {
    StreamServer server = served.get();
    return server != null && server.wantsAcks();
  }

  @Override
  public void acknowledged(byte[] request) throws IOException {
    current().acknowledged(request);
  }

  @Override
  public void serve(InputStream request, OutputStream response) throws IOException {
    current().serve(request, response);
  }

  @Override
  public void difference(String database, InputStream request, OutputStream response)
      throws IOException {
    current().difference(database, request, response);
  }
}
