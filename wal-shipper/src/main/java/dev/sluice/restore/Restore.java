package dev.sluice.restore;

import dev.sluice.ltx.CorruptLtxException;
import dev.sluice.ltx.LtxFile;
import dev.sluice.ltx.LtxFileName;
import dev.sluice.ltx.LtxHeader;
import dev.sluice.ltx.LtxSnapshot;
import dev.sluice.ltx.Position;
import dev.sluice.store.MeteredStore;
import dev.sluice.store.ObjectInfo;
import dev.sluice.store.ObjectNotFoundException;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.StoreStats;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Restores a database from a store.
 *
 * <pre>
 * listing ──► plan ──► headers and page indexes of its files ──► the pages with the newest content,
 *                                                                each read and written once
 *         ──► checksum, sync, rename
 * </pre>
 *
 * <p>Nothing is visible under the target's name before all of it is written, checked and durable.
 */
public final class Restore {
  /** Metadata with the {@link Position} after a file's last transaction. */
  public static final String POSITION = "sluice-position";

  /** A file up to this size is read with one request, as long as all such take no more than … */
  private static final long WHOLE_FILE_BYTES = 1 << 20;

  /** … this. */
  private static final long WHOLE_FILES_BYTES = 32 << 20;

  private static final Logger LOG = LoggerFactory.getLogger(Restore.class);

  private final MeteredStore store;
  private final StoreStats stats = new StoreStats();
  private final StoreLayout layout;
  private final RestoreOptions options;
  private final Path target;
  private final long startNanos = System.nanoTime();

  private Restore(ObjectStore store, StoreLayout layout, RestoreOptions options, Path target) {
    this.store = new MeteredStore(store, stats);
    this.layout = layout;
    this.options = options;
    this.target = target;
  }

  /**
   * Restores a database.
   *
   * @param store which stays open; wrap it to repeat what fails
   * @param layout where the database's files are in it
   * @param target the file to restore to
   * @throws NotRestorableException if the store cannot give that moment
   * @throws java.nio.file.FileAlreadyExistsException if the target, its WAL or its journal exists
   * @throws CorruptLtxException if a file in the store is damaged
   * @throws ChecksumMismatchException if the result is not what was backed up
   */
  public static RestoreResult run(
      ObjectStore store, StoreLayout layout, RestoreOptions options, Path target)
      throws IOException {
    return new Restore(store, layout, options, target).run();
  }

  private RestoreResult run() throws IOException {
    try {
      return attempt();
    } catch (ObjectNotFoundException e) {
      LOG.debug("compacted or expired since the listing, a new one has what took its place", e);
      return attempt();
    }
  }

  private RestoreResult attempt() throws IOException {
    try (TargetFile file = TargetFile.create(target, options.force())) {
      StoreListing listing = StoreListing.read(store, layout);
      Optional<Generation> generation =
          listing.isEmpty() ? Generation.newest(store, layout, options.target()) : Optional.empty();
      return generation.isPresent()
          ? restore(generation.get(), file)
          : restore(RestorePlan.of(listing, options.target()), file);
    }
  }

  private RestoreResult restore(RestorePlan plan, TargetFile file) throws IOException {
    List<LtxFile> inputs = open(plan.files());
    try {
      LtxHeader last = inputs.get(inputs.size() - 1).header();
      long pageSize = last.pageSize();
      file.setSize(last.commit() * pageSize);
      Position position = decode(inputs, file, pageSize);
      boolean verified = verify(plan, position);
      file.publish();
      return new RestoreResult(
          position,
          verified,
          plan.time(),
          last.pageSize(),
          last.commit(),
          stats.bytesIn(),
          last.commit() * pageSize,
          plan.files(),
          Duration.ofNanos(System.nanoTime() - startNanos));
    } finally {
      for (LtxFile input : inputs) {
        input.close();
      }
    }
  }

  private RestoreResult restore(Generation generation, TargetFile file) throws IOException {
    generation.writeTo(file);
    file.publish();
    return new RestoreResult(
        Position.NONE,
        false,
        generation.time(),
        generation.pageSize(),
        generation.pages(),
        stats.bytesIn(),
        generation.bytesWritten(),
        generation.files(),
        Duration.ofNanos(System.nanoTime() - startNanos));
  }

  private List<LtxFile> open(List<StoredFile> files) throws IOException {
    List<LtxFile> inputs = new ArrayList<>();
    long memory = WHOLE_FILES_BYTES;
    for (StoredFile file : files) {
      boolean whole = file.sizeBytes() <= Math.min(memory, WHOLE_FILE_BYTES);
      memory -= whole ? file.sizeBytes() : 0;
      LtxFile input = whole ? StoreSource.openWhole(store, file) : StoreSource.open(store, file);
      inputs.add(input);
      LtxHeader header = input.header();
      if (header.minTxid() != file.minTxid() || header.maxTxid() != file.maxTxid()) {
        throw new CorruptLtxException(
            input.name(),
            16,
            "the header is that of "
                + new LtxFileName(header.minTxid(), header.maxTxid())
                + ": the file was renamed or put in another's place");
      }
    }
    return inputs;
  }

  private Position decode(List<LtxFile> inputs, TargetFile file, long pageSize) throws IOException {
    try {
      return LtxSnapshot.decode(
          inputs, (pgno, pages) -> file.write((pgno - 1) * pageSize, pages), options.threads());
    } catch (IllegalArgumentException e) {
      throw new NotRestorableException(
          store + ": the files do not make a database: " + e.getMessage(), e);
    }
  }

  /** Whether the store knows the position of its last file; it must be the one reached. */
  private boolean verify(RestorePlan plan, Position reached) throws IOException {
    String key = plan.files().get(plan.files().size() - 1).key();
    Optional<String> known =
        store.head(key).map(ObjectInfo::metadata).map(metadata -> metadata.get(POSITION));
    if (known.isPresent() && !known.get().equals(reached.toString())) {
      throw new ChecksumMismatchException(
          store
              + "/"
              + key
              + ": the restored database is at "
              + reached
              + ", the backup says "
              + known.get()
              + "; some file of it is damaged: restore another moment, and back up anew");
    }
    return known.isPresent();
  }
}
