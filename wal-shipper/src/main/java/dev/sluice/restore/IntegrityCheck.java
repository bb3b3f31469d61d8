package dev.sluice.restore;

/** How much of a restored database is checked before it gets its name. */
public enum IntegrityCheck {
  /**
   * Nothing that costs: the format of what is read, but no checksum. To save what can be saved of a
   * damaged backup.
   */
  NONE,
  /**
   * The checksums of all files that are read whole, and that of the database where the store knows
   * it.
   */
  QUICK,
  /** Also every file from its first byte to its last, and {@link DatabaseCheck} of the result. */
  FULL
}
