/**
 * Bytes under keys: the {@link dev.sluice.store.ObjectStore} interface, the stores behind it, and
 * behaviours composed around one (retries, metering, a key prefix). Knows nothing of SQLite or LTX.
 */
@NullMarked
package dev.sluice.store;

import org.jspecify.annotations.NullMarked;
