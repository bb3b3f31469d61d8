/**
 * Sees in the writes of SQLite where a transaction is committed, and cuts it. Told of every file
 * operation by the filesystem; may depend on the log and on the SQLite formats.
 */
@NullMarked
package dev.sluice.capture;

import org.jspecify.annotations.NullMarked;
