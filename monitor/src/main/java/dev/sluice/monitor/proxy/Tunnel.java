package dev.sluice.monitor.proxy;

import java.nio.ByteBuffer;
import java.util.concurrent.Executor;
import org.eclipse.jetty.io.AbstractConnection;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.IteratingCallback;
import org.jspecify.annotations.Nullable;

/**
 * One direction of a connection that is no longer HTTP: what comes from one end goes to the other,
 * 16 KiB at a time.
 */
final class Tunnel extends AbstractConnection implements Connection.UpgradeTo {
  private static final int BUFFER_BYTES = 16 << 10;

  /** Applications have pings for less; this is for ends that are gone without a word. */
  private static final long IDLE_MILLIS = 3_600_000;

  private final EndPoint to;
  private final Runnable whenOpen;
  private final Pump pump = new Pump();

  /** Holds what has come with the last bytes of HTTP, at first. */
  private ByteBuffer buffer = BufferUtil.allocate(BUFFER_BYTES);

  /**
   * @param whenOpen run once this direction may be used
   */
  Tunnel(EndPoint from, EndPoint to, Executor executor, Runnable whenOpen) {
    super(from, executor);
    this.to = to;
    this.whenOpen = whenOpen;
  }

  @Override
  public void onUpgradeTo(ByteBuffer early) {
    buffer = BufferUtil.copy(early);
  }

  @Override
  public void onOpen() {
    super.onOpen();
    getEndPoint().setIdleTimeout(IDLE_MILLIS);
    whenOpen.run();
    pump.iterate();
  }

  @Override
  public void onFillable() {
    pump.iterate();
  }

  @Override
  public void onClose(@Nullable Throwable cause) {
    super.onClose(cause);
    to.close();
  }

  private final class Pump extends IteratingCallback {
    @Override
    protected Action process() throws Throwable {
      if (buffer.hasRemaining()) {
        to.write(this, buffer);
        return Action.SCHEDULED;
      }
      if (buffer.capacity() < BUFFER_BYTES) {
        buffer = BufferUtil.allocate(BUFFER_BYTES);
      }
      BufferUtil.clear(buffer);
      int read = getEndPoint().fill(buffer);
      if (read > 0) {
        to.write(this, buffer);
        return Action.SCHEDULED;
      }
      if (read == 0) {
        fillInterested();
        return Action.IDLE;
      }
      return Action.SUCCEEDED;
    }

    /** The end of this direction; the other may go on. */
    @Override
    protected void onCompleteSuccess() {
      to.shutdownOutput();
      if (getEndPoint().isOutputShutdown()) {
        getEndPoint().close();
        to.close();
      }
    }

    @Override
    protected void onCompleteFailure(Throwable cause) {
      getEndPoint().close(cause);
      to.close(cause);
    }

    @Override
    public InvocationType getInvocationType() {
      return Callback.InvocationType.NON_BLOCKING;
    }
  }
}
