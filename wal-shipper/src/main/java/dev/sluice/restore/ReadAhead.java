package dev.sluice.restore;

import dev.sluice.ltx.LtxSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A large file of a store that is far away, read in blocks ahead of those who want it: they ask for
 * small parts, by and large from the front to the back, and would wait for the store each time.
 *
 * <pre>
 *   … │ kept for stragglers │ asked for now │ under way, several at once │ …
 * </pre>
 *
 * <p>What is no longer or not yet there is read by itself. Safe for use by many threads; some 24
 * MiB.
 */
final class ReadAhead implements LtxSource {
  private static final int BLOCK_BYTES = 2 << 20;
  private static final String READING = "a file of the backup was being read";
  private static final int AHEAD = 8;
  private static final int BEHIND = 3;

  private final LtxSource source;
  private final long lastBlock;
  private final ReentrantLock lock = new ReentrantLock();

  /** Guarded by {@link #lock}. */
  private final NavigableMap<Long, Future<ByteBuffer>> blocks = new TreeMap<>();

  /** Guarded by {@link #lock}. */
  private final Deque<ByteBuffer> free = new ArrayDeque<>();

  /** The first block that was not asked for yet. Guarded by {@link #lock}. */
  private long next;

  /** Null until it starts and after it is closed. Guarded by {@link #lock} for writing. */
  private volatile @Nullable ExecutorService executor;

  ReadAhead(LtxSource source) {
    this.source = source;
    lastBlock = (source.size() - 1) / BLOCK_BYTES;
  }

  /** From now on reads come in order, from the front. */
  void start() {
    lock.lock();
    try {
      next = 0;
      blocks.clear();
      if (executor == null) {
        AtomicInteger number = new AtomicInteger();
        executor =
            Executors.newFixedThreadPool(
                AHEAD,
                task -> {
                  Thread thread = new Thread(task, "restore-ahead-" + number.incrementAndGet());
                  thread.setDaemon(true);
                  return thread;
                });
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public long size() {
    return source.size();
  }

  @Override
  public void readFully(long offset, ByteBuffer target) throws IOException {
    int limit = target.limit();
    long at = offset;
    while (target.hasRemaining()) {
      int length = (int) Math.min(target.remaining(), BLOCK_BYTES - at % BLOCK_BYTES);
      target.limit(target.position() + length);
      if (executor == null || !copy(at, target)) {
        source.readFully(at, target);
      }
      target.limit(limit);
      at += length;
    }
  }

  /** Copies a part of one block, if there is or will be that block. */
  private boolean copy(long offset, ByteBuffer target) throws IOException {
    long block = offset / BLOCK_BYTES;
    Future<ByteBuffer> wanted = request(block);
    if (wanted == null) {
      return false;
    }
    Futures.await(wanted, READING);
    lock.lock();
    try {
      if (blocks.get(block) != wanted) {
        return false;
      }
      ByteBuffer bytes = Futures.await(wanted, READING).duplicate();
      int from = (int) (offset % BLOCK_BYTES);
      target.put(bytes.position(from).limit(from + target.remaining()));
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Asks for a block and those after it, and lets go of those well before it. */
  private @Nullable Future<ByteBuffer> request(long block) {
    lock.lock();
    try {
      ExecutorService running = executor;
      if (running == null) {
        return null;
      }
      next = Math.max(next, block);
      var old = blocks.headMap(block - BEHIND, false).entrySet().iterator();
      while (old.hasNext()) {
        Future<ByteBuffer> done = old.next().getValue();
        if (done.isDone()) {
          old.remove();
          recycle(done);
        }
      }
      for (; next <= Math.min(block + AHEAD, lastBlock); next++) {
        long number = next;
        ByteBuffer buffer = free.isEmpty() ? ByteBuffer.allocateDirect(BLOCK_BYTES) : free.pop();
        blocks.put(number, running.submit(() -> read(number, buffer)));
      }
      return blocks.get(block);
    } finally {
      lock.unlock();
    }
  }

  private void recycle(Future<ByteBuffer> done) {
    try {
      free.push(done.get());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      // Whoever wanted the block was told, and its buffer is garbage.
    }
  }

  private ByteBuffer read(long block, ByteBuffer buffer) throws IOException {
    long offset = block * BLOCK_BYTES;
    buffer.clear().limit((int) Math.min(BLOCK_BYTES, source.size() - offset));
    source.readFully(offset, buffer);
    return buffer.flip();
  }

  @Override
  public void close() throws IOException {
    lock.lock();
    try {
      ExecutorService running = executor;
      executor = null;
      blocks.clear();
      free.clear();
      if (running != null) {
        running.shutdown();
      }
    } finally {
      lock.unlock();
    }
    source.close();
  }
}
