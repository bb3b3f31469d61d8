package dev.sluice.ltx;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayDeque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Work cut into numbered pieces: done on threads, its results taken in order by the caller's
 * thread.
 *
 * <pre>
 *   free ──► piece n+3 ─┐
 *            piece n+2 ─┤ workers     piece n ──► taken by the caller ──► free
 *            piece n+1 ─┘
 * </pre>
 *
 * <p>There are twice as many pieces as threads, which bounds memory. Threads live as long as the
 * call. They are never interrupted, because that would close the files they read.
 */
final class Pipeline {
  /** Too few bytes to be worth threads. */
  static final int MIN_PARALLEL_BYTES = 2 << 20;

  /** Uncompressed bytes in a piece: enough to hide the hand-over between threads. */
  static final int PIECE_BYTES = 512 << 10;

  /** What is done with a piece. */
  interface Step<P> {
    void run(P piece, int number) throws IOException;
  }

  private static final int MAX_THREADS = 16;

  private Pipeline() {}

  static int defaultThreads() {
    return Math.min(Runtime.getRuntime().availableProcessors(), MAX_THREADS);
  }

  static int pagesPerPiece(int pageSize) {
    return Math.max(1, PIECE_BYTES / pageSize);
  }

  /** Does pieces 0 to {@code count - 1}. */
  static <P> void run(int count, int threads, Supplier<P> newPiece, Step<P> work, Step<P> take)
      throws IOException {
    if (threads < 1) {
      throw new IllegalArgumentException(threads + " threads");
    }
    int workers = Math.min(Math.min(threads, MAX_THREADS), count);
    if (workers < 2) {
      P piece = newPiece.get();
      for (int i = 0; i < count; i++) {
        work.run(piece, i);
        take.run(piece, i);
      }
      return;
    }
    AtomicInteger number = new AtomicInteger();
    ExecutorService executor =
        Executors.newFixedThreadPool(
            workers,
            task -> {
              Thread thread = new Thread(task, "ltx-codec-" + number.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
    AtomicBoolean stopped = new AtomicBoolean();
    ArrayDeque<Future<P>> underWay = new ArrayDeque<>();
    try {
      int next = 0;
      for (; next < Math.min(2 * workers, count); next++) {
        underWay.add(submit(executor, newPiece.get(), next, work, stopped));
      }
      for (int i = 0; i < count; i++) {
        P piece = await(underWay.remove());
        take.run(piece, i);
        if (next < count) {
          underWay.add(submit(executor, piece, next++, work, stopped));
        }
      }
    } finally {
      stopped.set(true);
      executor.shutdown();
      awaitAll(underWay);
    }
  }

  private static <P> Future<P> submit(
      ExecutorService executor, P piece, int number, Step<P> work, AtomicBoolean stopped) {
    return executor.submit(
        () -> {
          if (!stopped.get()) {
            work.run(piece, number);
          }
          return piece;
        });
  }

  private static <P> P await(Future<P> future) throws IOException {
    try {
      return future.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while LTX pages were being coded");
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException failure) {
        throw failure;
      }
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      if (e.getCause() instanceof Error failure) {
        throw failure;
      }
      throw new IllegalStateException(e);
    }
  }

  /** Waits until no worker touches a source or a buffer any more. What failed no longer matters. */
  private static <P> void awaitAll(Iterable<Future<P>> futures) {
    boolean interrupted = false;
    for (Future<P> future : futures) {
      while (!future.isDone()) {
        try {
          future.get();
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          break;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
