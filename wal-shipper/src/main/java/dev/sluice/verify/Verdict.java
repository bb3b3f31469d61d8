package dev.sluice.verify;

import dev.sluice.node.DatabaseStatus.VerificationStatus;
import org.jspecify.annotations.Nullable;

/**
 * What a verification has found.
 *
 * @param database its name
 * @param store URL of the backup
 * @param result one of those of {@link VerificationStatus}
 * @param millis when that was, ms since the epoch
 * @param error what is wrong and what to do; null when nothing is
 */
record Verdict(String database, String store, String result, long millis, @Nullable String error) {}
