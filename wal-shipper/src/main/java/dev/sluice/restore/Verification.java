package dev.sluice.restore;

import dev.sluice.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Proves a backup by restoring it: to a scratch file that is removed afterwards, with every
 * checksum and SQLite's own check. Stateless.
 */
public final class Verification {
  private static final String NAME = "verified.db";

  private Verification() {}

  /**
   * What was found, when the state asked for can be restored and is sound.
   *
   * @param restored what the restore gave
   * @param gaps transactions that the backup lacks elsewhere
   */
  public record Outcome(RestoreResult restored, List<BackupSummary.Gap> gaps) {}

  /**
   * Verifies one state of a backup.
   *
   * @param options how to restore; the integrity check is always {@link IntegrityCheck#FULL}
   * @param directory where there is room for the database
   * @throws NotRestorableException if the store cannot give that moment
   * @throws dev.sluice.ltx.CorruptLtxException if a file in the store is damaged
   * @throws ChecksumMismatchException if the files do not give the database that was backed up
   * @throws DamagedDatabaseException if they do, but SQLite finds it damaged
   */
  public static Outcome run(
      ObjectStore store, StoreLayout layout, RestoreOptions options, Path directory)
      throws IOException {
    Path scratch = Files.createTempDirectory(directory, ".sluice-verify-");
    try {
      RestoreResult restored =
          Restore.run(
              store,
              layout,
              options.withIntegrity(IntegrityCheck.FULL, options.databaseCheck()),
              scratch.resolve(NAME));
      return new Outcome(restored, BackupSummary.read(store, layout).gaps());
    } finally {
      remove(scratch);
    }
  }

  private static void remove(Path scratch) throws IOException {
    try (var files = Files.newDirectoryStream(scratch)) {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
    }
    Files.deleteIfExists(scratch);
  }
}
