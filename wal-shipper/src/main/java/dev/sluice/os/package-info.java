/**
 * System calls that Java has no API for: positional I/O on descriptors, open-file-description
 * locks. Depends on jnr-ffi only; no type of jnr-ffi leaves the package.
 */
@NullMarked
package dev.sluice.os;

import org.jspecify.annotations.NullMarked;
