package dev.sluice.follow;

import dev.sluice.log.Database;
import dev.sluice.log.LogEntry;
import dev.sluice.ltx.LtxSource;
import dev.sluice.ltx.Position;
import dev.sluice.os.Libc;
import dev.sluice.os.NativeFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Saves transactions of a node that was the primary and that its successor never got, before its
 * database takes the successor's history. Stateless.
 */
final class Aside {
  private static final Logger log = LoggerFactory.getLogger(Aside.class);

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss.SSS'Z'").withZone(ZoneOffset.UTC);

  private Aside() {}

  /**
   * Saves what follows a position in the log; all of the log when the position is not in it.
   *
   * @param directory below which a directory is made for them
   */
  static void save(Database database, Position common, Path directory) throws IOException {
    LogEntry first = database.log().first();
    if (first == null) {
      return;
    }
    boolean known = database.log().contains(common);
    List<LogEntry> entries =
        database.log().after(known ? common.txid() : first.minTxid() - 1, Integer.MAX_VALUE);
    if (entries.isEmpty()) {
      return;
    }
    Path into =
        Files.createDirectories(
            directory
                .resolve(String.valueOf(database.directory().getFileName()))
                .resolve(TIME.format(Instant.now())));
    for (LogEntry entry : entries) {
      write(database, entry, into.resolve(entry.header().fileName().toString()));
    }
    Path note = into.resolve("README.txt");
    Files.writeString(note, note(database, known ? common : Position.NONE, entries.size()));
    sync(note);
    NativeFile.syncDirectory(into);
    log.warn(
        "{}: {} transactions, up to {}, were committed here and are not on the new primary; they are in {}",
        database.name(),
        entries.size(),
        database.position(),
        into);
  }

  private static void write(Database database, LogEntry entry, Path file) throws IOException {
    try (LtxSource source = database.log().source(entry);
        NativeFile out = NativeFile.open(file, Libc.O_RDWR | Libc.O_CREAT | Libc.O_TRUNC)) {
      ByteBuffer buffer = ByteBuffer.allocateDirect((int) Math.min(source.size(), 1 << 20));
      for (long at = 0; at < source.size(); at += buffer.limit()) {
        buffer.clear().limit((int) Math.min(buffer.capacity(), source.size() - at));
        source.readFully(at, buffer);
        out.write(buffer.flip(), at);
      }
      out.sync();
    }
  }

  private static void sync(Path file) throws IOException {
    try (NativeFile written = NativeFile.open(file, Libc.O_RDONLY)) {
      written.sync();
    }
  }

  private static String note(Database database, Position common, int count) {
    return """
        %d transactions of the database %s that were committed on this node while it was the primary, and that the
        node that took over did not have. The database went on without them.

        last state that both have   %s
        last of these transactions  %s

        Look at one:                sluice ltx dump FILE
        Apply them to a copy of the database in the last state that both have (sluice restore --txid gives it):
                                    sluice ltx apply COPY FILES, in the order of their names
        Not needed any more:        delete this directory.
        """
        .formatted(
            count,
            database.name(),
            common.equals(Position.NONE) ? "not known" : common,
            database.position());
  }
}
