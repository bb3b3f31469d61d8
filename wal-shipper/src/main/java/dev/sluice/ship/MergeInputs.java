package dev.sluice.ship;

import dev.sluice.log.Database;
import dev.sluice.log.LogEntry;
import dev.sluice.ltx.LtxFile;
import dev.sluice.ltx.LtxSource;
import dev.sluice.store.ByteRange;
import dev.sluice.store.ObjectNotFoundException;
import dev.sluice.store.ObjectStore;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * The files that a compaction merges, from this machine where it can be: the transactions of a file
 * in the store are often still in the log, which costs no request. Otherwise the file is copied
 * from the store, with one request.
 *
 * <p>Memory is bounded: an open file costs about a kilobyte, so a long run of the log is merged in
 * parts first.
 */
final class MergeInputs implements Closeable {
  private static final int PART_ENTRIES = 4096;

  private final Database database;
  private final ObjectStore store;
  private final Function<StoreFile, String> key;
  private final Path directory;
  private final Consumer<StoreFile> missing;
  private final List<LtxFile> files = new ArrayList<>();
  private final List<Path> temporary = new ArrayList<>();
  private final List<LtxFile> part = new ArrayList<>();

  private MergeInputs(
      Database database,
      ObjectStore store,
      Function<StoreFile, String> key,
      Path directory,
      Consumer<StoreFile> missing) {
    this.database = database;
    this.store = store;
    this.key = key;
    this.directory = directory;
    this.missing = missing;
  }

  /**
   * Opens what {@code run} is made of.
   *
   * @param key of a file in the store
   * @param directory for temporary files
   * @param missing told of a file that is not in the store any more
   */
  static MergeInputs open(
      List<StoreFile> run,
      Database database,
      ObjectStore store,
      Function<StoreFile, String> key,
      Path directory,
      Consumer<StoreFile> missing)
      throws IOException {
    MergeInputs inputs = new MergeInputs(database, store, key, directory, missing);
    try {
      for (StoreFile file : run) {
        if (!inputs.addFromLog(file)) {
          inputs.endPart();
          inputs.addFromStore(file);
        }
      }
      inputs.endPart();
      return inputs;
    } catch (IOException | RuntimeException e) {
      inputs.close();
      throw e;
    }
  }

  List<LtxFile> files() {
    return files;
  }

  private boolean addFromLog(StoreFile file) throws IOException {
    OptionalLong checksum = database.log().checksumAfter(file.maxTxid());
    if (checksum.isEmpty() || file.checksum() != checksum.getAsLong()) {
      return false;
    }
    List<LogEntry> entries = new ArrayList<>();
    for (long before = file.minTxid() - 1; before != file.maxTxid(); ) {
      List<LogEntry> more = database.log().after(before, PART_ENTRIES);
      if (more.isEmpty()) {
        return false;
      }
      for (LogEntry entry : more) {
        if (Long.compareUnsigned(entry.maxTxid(), file.maxTxid()) > 0) {
          break;
        }
        entries.add(entry);
      }
      long reached = entries.isEmpty() ? before : entries.get(entries.size() - 1).maxTxid();
      if (reached == before) {
        return false;
      }
      before = reached;
    }
    for (LogEntry entry : entries) {
      if (part.size() == PART_ENTRIES) {
        endPart();
      }
      part.add(LtxFile.open(database.log().source(entry), database.name()));
    }
    return true;
  }

  /** A long part is merged now, so that few files are open in the end. */
  private void endPart() throws IOException {
    if (part.size() < PART_ENTRIES) {
      files.addAll(part);
      part.clear();
      return;
    }
    Path merged = temporary("part");
    try (TemporaryFile out = new TemporaryFile(merged)) {
      MergedFile.merge(part, out, false);
    }
    part.clear();
    files.add(LtxFile.open(LtxSource.of(merged), database.name()));
  }

  private void addFromStore(StoreFile file) throws IOException {
    Path copy = temporary("copy");
    try (InputStream in = store.get(key.apply(file), ByteRange.ALL);
        TemporaryFile out = new TemporaryFile(copy)) {
      out.copy(in);
    } catch (ObjectNotFoundException e) {
      // Somebody has deleted it, as 'sluice prune' does with what is no longer needed.
      missing.accept(file);
      throw e;
    }
    files.add(LtxFile.open(LtxSource.of(copy), store + "/" + key.apply(file)));
  }

  private Path temporary(String prefix) throws IOException {
    Path file = Files.createTempFile(directory, prefix, ".ltx");
    temporary.add(file);
    return file;
  }

  @Override
  public void close() throws IOException {
    for (LtxFile file : files) {
      file.close();
    }
    for (Path file : temporary) {
      Files.deleteIfExists(file);
    }
  }
}
