/**
 * What one more connection to a database does beside SQLite's own: its locks, its reads and writes,
 * and the wal-index. Depends on {@code dev.sluice.sqlite} and {@code dev.sluice.os}.
 */
@NullMarked
package dev.sluice.connection;

import org.jspecify.annotations.NullMarked;
