/**
 * The LTX file format, version 3: header, page frames, page index, trailer; encoding, decoding,
 * random access, merging; positions and checksums of databases. Depends on LZ4 only.
 */
@NullMarked
package dev.sluice.ltx;

import org.jspecify.annotations.NullMarked;
