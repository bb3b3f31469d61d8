package dev.sluice.restore;

import dev.sluice.ltx.Position;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * What a restore gave.
 *
 * @param position of the restored database, with the checksum of its pages; {@link Position#NONE}
 *     from a backup of Litestream 0.3, which has none
 * @param verified whether the store knew that checksum and it was the same
 * @param time when the last transaction was committed
 * @param pageSize bytes a page; 0 for a database that was deleted
 * @param pages size of the database
 * @param bytesRead from the store
 * @param bytesWritten to the target
 * @param files read, oldest first; those of Litestream 0.3 have level and TXIDs 0
 * @param duration with the sync to disk
 */
public record RestoreResult(
    Position position,
    boolean verified,
    Instant time,
    int pageSize,
    int pages,
    long bytesRead,
    long bytesWritten,
    List<StoredFile> files,
    Duration duration) {}
