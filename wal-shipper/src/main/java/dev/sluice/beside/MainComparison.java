package dev.sluice.beside;

import dev.sluice.connection.LockedFile;
import dev.sluice.connection.MainLocks;
import dev.sluice.log.Database;
import dev.sluice.os.FileStatus;
import dev.sluice.os.PathCalls;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Compares a main file that no WAL says more of with the log, and cuts what differs.
 *
 * <p>The pages are read without a lock first; under SHARED only those are read again that differ,
 * unless somebody has written meanwhile. Only after a few such tries all is read under SHARED,
 * which writers wait for.
 */
final class MainComparison {
  private static final int OPTIMISTIC_TRIES = 3;

  private final LockedFile main;
  private final Database database;
  private final String path;
  private final FileStatus status = new FileStatus();

  MainComparison(LockedFile main, Database database, String path) {
    this.main = main;
    this.database = database;
    this.path = path;
  }

  /**
   * What came of it.
   *
   * @param differed whether a transaction was cut
   * @param stamp of the main file as it was compared
   */
  record Result(boolean differed, Note.Stamp stamp) {}

  /**
   * Compares now.
   *
   * @param shared whether SHARED is held already
   * @return empty when an application is writing, or has left a hot journal
   */
  Optional<Result> run(boolean shared) throws IOException {
    MainLocks locks = new MainLocks(main);
    for (int attempt = 0; ; attempt++) {
      Note.Stamp before = stamp();
      int[] candidates = attempt < OPTIMISTIC_TRIES ? candidates() : null;
      if (!shared && !locks.tryShared()) {
        return Optional.empty();
      }
      try {
        if (hasHotJournal(locks)) {
          return Optional.empty();
        }
        if (candidates == null) {
          candidates = candidates();
        } else if (!stamp().equals(before)) {
          continue;
        }
        Note.Stamp now = stamp();
        return Optional.of(new Result(commit(candidates), now));
      } finally {
        if (!shared) {
          locks.unlockAll();
        }
      }
    }
  }

  private int[] candidates() throws IOException {
    return Pages.differing(database, main, Pages.shape(main), new int[0]);
  }

  private boolean commit(int[] candidates) throws IOException {
    Pages.Shape shape = Pages.shape(main);
    return database.commit(
        shape.pageSize(),
        shape.pageCount(),
        candidates,
        candidates.length,
        new Pages.MainReader(main));
  }

  /** While nobody writes, a journal with a header is of a writer that died in the middle. */
  private boolean hasHotJournal(MainLocks locks) throws IOException {
    LockedFile journal = openJournal();
    if (journal == null) {
      return false;
    }
    try (journal) {
      ByteBuffer first = ByteBuffer.allocateDirect(1);
      return journal.read(first, 0) > 0 && first.get(0) != 0 && !locks.isReservedByOther();
    }
  }

  private @Nullable LockedFile openJournal() throws IOException {
    return PathCalls.stat(path + "-journal", status) < 0
        ? null
        : LockedFile.openExisting(
                main.path().resolveSibling(main.path().getFileName() + "-journal"))
            .orElse(null);
  }

  private Note.Stamp stamp() throws IOException {
    return Note.Stamp.of(main, status);
  }
}
