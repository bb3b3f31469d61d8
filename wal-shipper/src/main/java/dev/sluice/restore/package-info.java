/**
 * Restoring a database from a store: where its files are, which of them give a moment, and {@link
 * dev.sluice.restore.Restore}, which puts their newest pages together. Depends on the store and the
 * file format only.
 */
@NullMarked
package dev.sluice.restore;

import org.jspecify.annotations.NullMarked;
