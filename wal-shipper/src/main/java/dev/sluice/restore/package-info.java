/**
 * Restoring a database from a store: where its files are, which of them give a moment, and {@link
 * dev.sluice.restore.Restore}, which puts their newest pages together. Depends on the store, the
 * LTX format and, for backups of Litestream 0.3, the format of SQLite's WAL.
 */
@NullMarked
package dev.sluice.restore;

import org.jspecify.annotations.NullMarked;
