package dev.sluice.node;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a commit waits for before it is acknowledged.
 *
 * @param mode {@code async}, {@code follower} or {@code store}
 * @param inSync ids of the nodes beside the primary that have all that was acknowledged, and alone
 *     may be the primary next; null when any may
 * @param degraded why commits go on without being durable, or are refused; null when all is well
 */
public record DurabilityStatus(
    String mode, @Nullable List<String> inSync, @Nullable String degraded) {
  public DurabilityStatus {
    inSync = inSync == null ? null : List.copyOf(inSync);
  }
}
