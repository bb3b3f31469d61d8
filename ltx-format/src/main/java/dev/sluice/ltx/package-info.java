/**
 * The LTX file format, version 3 (see {@code docs/ltx-format.md}): header, page frames, page index,
 * trailer; encoding, decoding, random access, merging; positions and checksums of databases.
 * Depends on LZ4 only; does no I/O beyond the sources and sinks it is given. Enter through {@link
 * dev.sluice.ltx.LtxEncoder} to write and {@link dev.sluice.ltx.LtxDecoder} or {@link
 * dev.sluice.ltx.LtxFile} to read.
 */
@NullMarked
package dev.sluice.ltx;

import org.jspecify.annotations.NullMarked;
