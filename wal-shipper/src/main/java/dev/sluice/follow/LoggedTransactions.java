package dev.sluice.follow;

import dev.sluice.apply.PageSource;
import dev.sluice.apply.TransactionSource;
import dev.sluice.log.Database;
import dev.sluice.log.LogEntry;
import dev.sluice.ltx.LtxDecoder;
import java.io.Closeable;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Transactions of a log, of which one at a time is open. */
final class LoggedTransactions implements TransactionSource, Closeable {
  private final Database database;
  private final Iterator<LogEntry> entries;
  private @Nullable LogEntry entry;
  private @Nullable LtxDecoder decoder;

  LoggedTransactions(Database database, List<LogEntry> entries) {
    this.database = database;
    this.entries = entries.iterator();
  }

  @Override
  public boolean next() throws IOException {
    close();
    if (!entries.hasNext()) {
      return false;
    }
    LogEntry next = entries.next();
    entry = next;
    decoder = LtxDecoder.open(database.log().source(next), database.name());
    return true;
  }

  @Override
  public PageSource pages() {
    return new DecodedPages(Objects.requireNonNull(decoder));
  }

  @Override
  public int commit() {
    return Objects.requireNonNull(entry).header().commit();
  }

  @Override
  public void close() throws IOException {
    LtxDecoder open = decoder;
    decoder = null;
    if (open != null) {
      open.close();
    }
  }
}
