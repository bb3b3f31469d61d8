/**
 * The replica writer: applies transactions to a SQLite database beside live, unmodified readers, by
 * speaking SQLite's own locking, journal and wal-index protocols. Entry: {@link
 * dev.sluice.apply.ReplicaWriter}. Depends on {@code dev.sluice.sqlite} and {@code dev.sluice.os}.
 */
@NullMarked
package dev.sluice.apply;

import org.jspecify.annotations.NullMarked;
