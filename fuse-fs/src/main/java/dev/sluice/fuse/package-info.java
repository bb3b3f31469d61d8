/**
 * A complete small filesystem over a backing directory: the inode table, the file operations, and
 * the calls into {@code dev.sluice.capture} at the moments where SQLite commits.
 */
@NullMarked
package dev.sluice.fuse;

import org.jspecify.annotations.NullMarked;
