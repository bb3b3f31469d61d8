/**
 * Speed of the LTX codec, with JMH: CRC, encoding, verifying, decoding, compacting. See {@code
 * docs/benchmarks.md}.
 */
@NullMarked
package dev.sluice.benchmarks.codec;

import org.jspecify.annotations.NullMarked;
