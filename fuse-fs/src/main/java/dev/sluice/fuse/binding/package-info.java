/**
 * How requests of the kernel reach {@link FileOperations}: mounting, the session's threads, the
 * wire protocol. Knows nothing of SQLite; the only package with native FUSE types.
 */
@NullMarked
package dev.sluice.fuse.binding;

import org.jspecify.annotations.NullMarked;
