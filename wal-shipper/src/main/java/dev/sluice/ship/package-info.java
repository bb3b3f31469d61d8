/**
 * From the log to the store: one merged LTX file per database and interval, in Litestream's layout.
 * Depends on the log and on {@code dev.sluice.store}.
 */
@NullMarked
package dev.sluice.ship;

import org.jspecify.annotations.NullMarked;
