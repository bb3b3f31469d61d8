package dev.sluice.restore;

import dev.sluice.ltx.CorruptLtxException;
import dev.sluice.ltx.LtxFile;
import dev.sluice.ltx.LtxHeader;
import dev.sluice.ltx.LtxSnapshot;
import dev.sluice.ltx.LtxVerifier;
import dev.sluice.ltx.Position;
import dev.sluice.store.MeteredStore;
import dev.sluice.store.ObjectInfo;
import dev.sluice.store.ObjectNotFoundException;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.StoreStats;
import dev.sluice.store.StoreUnavailableException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

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

  /** An interrupted restore leaves what it has written from this size on. */
  private static final long KEEP_FROM_BYTES = 16 << 20;

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
   * @throws DamagedDatabaseException if it is, but SQLite finds it damaged
   * @throws dev.sluice.store.StoreUnavailableException if the store fails; what was written of a
   *     large database stays, and the next restore to the target goes on from there
   */
  public static RestoreResult run(
      ObjectStore store, StoreLayout layout, RestoreOptions options, Path target)
      throws IOException {
    return LiveBackup.read(new Restore(store, layout, options, target)::attempt);
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
    try (InputFiles inputs =
        InputFiles.open(store, plan.files(), options.threads(), options.readAhead())) {
      LtxHeader last = inputs.lastHeader();
      long sizeBytes = (long) last.commit() * last.pageSize();
      PieceJournal journal = file.openJournal(last.pageSize(), sizeBytes, options.listener());
      file.setSize(sizeBytes);
      inputs.startReading();
      Position position = decode(inputs.files(), file, journal, last.pageSize());
      boolean verified = options.integrity() != IntegrityCheck.NONE && verify(plan, position);
      if (options.integrity() == IntegrityCheck.FULL) {
        inputs.startReading();
        for (LtxFile input : inputs.files()) {
          LtxVerifier.verify(input, options.threads());
        }
        options.databaseCheck().check(file.temporary());
      }
      file.publish();
      return new RestoreResult(
          position,
          verified,
          plan.time(),
          last.pageSize(),
          last.commit(),
          stats.bytesIn(),
          sizeBytes,
          plan.files(),
          Duration.ofNanos(System.nanoTime() - startNanos));
    }
  }

  private RestoreResult restore(Generation generation, TargetFile file) throws IOException {
    file.setSize(0);
    generation.writeTo(file);
    if (options.integrity() == IntegrityCheck.FULL) {
      options.databaseCheck().check(file.temporary());
    }
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

  private Position decode(
      List<LtxFile> inputs, TargetFile file, PieceJournal journal, long pageSize)
      throws IOException {
    try {
      return LtxSnapshot.decode(
          inputs,
          (pgno, pages) -> file.write((pgno - 1) * pageSize, pages),
          new LtxSnapshot.DecodeOptions(
              options.threads(), options.integrity() != IntegrityCheck.NONE, journal));
    } catch (IllegalArgumentException e) {
      throw new NotRestorableException(
          store + ": the files do not make a database: " + e.getMessage(), e);
    } catch (ObjectNotFoundException e) {
      file.keep();
      throw e;
    } catch (StoreUnavailableException e) {
      if (journal.writtenBytes() < KEEP_FROM_BYTES) {
        throw e;
      }
      file.keep();
      throw new StoreUnavailableException(
          String.format(
              "%s; what is restored, %,d bytes, is kept: restore again to go on from there",
              e.getMessage(), journal.writtenBytes()),
          e);
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
