package dev.sluice.ltx;

/**
 * An LTX file that was written.
 *
 * @param header its header
 * @param trailer its trailer
 * @param sizeBytes its length in bytes
 */
public record EncodedLtx(LtxHeader header, LtxTrailer trailer, long sizeBytes) {}
