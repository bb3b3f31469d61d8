package dev.sluice.cli;

import dev.sluice.log.Database;
import dev.sluice.log.DatabaseListener;
import dev.sluice.log.LogEntry;
import java.io.IOException;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Bounds the logs that nobody else bounds. */
final class LogTrimmer implements DatabaseListener {
  private static final Logger log = LoggerFactory.getLogger(LogTrimmer.class);
  private static final int EVERY = 1024;
  private static final long LARGE_BYTES = 64 << 10;

  private final long keepBytes;
  private final Predicate<Database> isTrimmed;

  /**
   * @param keepBytes what is kept of each log, at least
   * @param isTrimmed whether a shipper bounds the log of a database: it knows what is shipped
   */
  LogTrimmer(long keepBytes, Predicate<Database> isTrimmed) {
    this.keepBytes = keepBytes;
    this.isTrimmed = isTrimmed;
  }

  @Override
  public void committed(Database database, LogEntry entry, long nanos) {
    boolean due = entry.maxTxid() / EVERY != (entry.minTxid() - 1) / EVERY;
    if ((due || entry.length() >= LARGE_BYTES) && !isTrimmed.test(database)) {
      try {
        database.log().trim(keepBytes, database.applied().txid());
      } catch (IOException e) {
        log.warn(
            "{}: old parts of the log could not be deleted: {}", database.name(), e.getMessage());
      }
    }
  }
}
