package dev.sluice.restore;

import dev.sluice.ltx.CorruptLtxException;
import dev.sluice.ltx.LtxFile;
import dev.sluice.ltx.LtxFileName;
import dev.sluice.ltx.LtxHeader;
import dev.sluice.store.ObjectStore;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The files of a plan, opened: several at a time, because each costs the store's latency. A small
 * one is read with one request.
 */
final class InputFiles implements Closeable {
  /** A file up to this size is read with one request, as long as all such take no more than … */
  private static final long WHOLE_FILE_BYTES = 1 << 20;

  /** … this. */
  private static final long WHOLE_FILES_BYTES = 32 << 20;

  /** Reading ahead is not worth it below this size. */
  private static final long AHEAD_FROM_BYTES = 8 << 20;

  private final List<LtxFile> files = new ArrayList<>();
  private @Nullable ReadAhead ahead;

  private InputFiles() {}

  /**
   * Opens files, oldest first.
   *
   * @param threads how many are opened at once, at most
   * @param readAhead whether the largest file, mostly the snapshot, is read ahead
   */
  static InputFiles open(ObjectStore store, List<StoredFile> files, int threads, boolean readAhead)
      throws IOException {
    InputFiles opened = new InputFiles();
    ExecutorService executor = executor(Math.min(threads, files.size()));
    List<Future<LtxFile>> underWay = new ArrayList<>();
    try {
      StoredFile largest = Collections.max(files, Comparator.comparing(StoredFile::sizeBytes));
      long memory = WHOLE_FILES_BYTES;
      for (StoredFile file : files) {
        boolean whole = file.sizeBytes() <= Math.min(memory, WHOLE_FILE_BYTES);
        memory -= whole ? file.sizeBytes() : 0;
        if (readAhead && file.equals(largest) && file.sizeBytes() >= AHEAD_FROM_BYTES) {
          ReadAhead source = StoreSource.ahead(store, file);
          opened.ahead = source;
          underWay.add(
              executor.submit(
                  () -> checked(LtxFile.open(source, StoreSource.name(store, file)), file)));
        } else {
          underWay.add(executor.submit(() -> open(store, file, whole)));
        }
      }
      for (Future<LtxFile> file : underWay) {
        opened.files.add(Futures.await(file, "files of the backup were being opened"));
      }
      return opened;
    } catch (IOException | RuntimeException | Error e) {
      executor.shutdownNow();
      // Nothing is held by those still under way but memory: sources of stores need no closing.
      opened.close();
      throw e;
    } finally {
      executor.shutdown();
    }
  }

  private static ExecutorService executor(int threads) {
    AtomicInteger number = new AtomicInteger();
    return Executors.newFixedThreadPool(
        threads,
        task -> {
          Thread thread = new Thread(task, "restore-open-" + number.incrementAndGet());
          thread.setDaemon(true);
          return thread;
        });
  }

  private static LtxFile open(ObjectStore store, StoredFile file, boolean whole)
      throws IOException {
    return checked(
        whole ? StoreSource.openWhole(store, file) : StoreSource.open(store, file), file);
  }

  private static LtxFile checked(LtxFile input, StoredFile file) throws IOException {
    LtxHeader header = input.header();
    if (header.minTxid() != file.minTxid() || header.maxTxid() != file.maxTxid()) {
      input.close();
      throw new CorruptLtxException(
          input.name(),
          16,
          "the header is that of "
              + new LtxFileName(header.minTxid(), header.maxTxid())
              + ": the file was renamed or put in another's place");
    }
    return input;
  }

  /** The files are opened; from now on they are read from the front to the back. */
  void startReading() {
    if (ahead != null) {
      ahead.start();
    }
  }

  List<LtxFile> files() {
    return files;
  }

  LtxHeader lastHeader() {
    return files.get(files.size() - 1).header();
  }

  @Override
  public void close() throws IOException {
    for (LtxFile file : files) {
      file.close();
    }
  }
}
