/**
 * SQLite's file formats as bytes: database header, WAL, wal-index, rollback journal and the bytes
 * it locks. Parsing and writing only: no files are opened, nothing is locked. Depends on the JDK
 * alone.
 */
@NullMarked
package dev.sluice.sqlite;

import org.jspecify.annotations.NullMarked;
