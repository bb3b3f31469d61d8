package dev.sluice.cli;

import dev.sluice.ltx.LtxFile;
import dev.sluice.ltx.LtxHeader;
import dev.sluice.ltx.Txid;
import java.time.Instant;

/** What an LTX file says of itself, as JSON. TXIDs and checksums are 16 hexadecimal digits. */
record LtxInfo(
    String file,
    long size,
    int flags,
    int pageSize,
    int commit,
    int pageCount,
    String minTxid,
    String maxTxid,
    long timestampMillis,
    String timestamp,
    String preApplyChecksum,
    String postApplyChecksum,
    String fileChecksum,
    long walOffset,
    long walSize,
    long walSalt1,
    long walSalt2,
    String nodeId) {
  static LtxInfo of(LtxFile file) {
    LtxHeader header = file.header();
    return new LtxInfo(
        file.name(),
        file.sizeBytes(),
        header.flags(),
        header.pageSize(),
        header.commit(),
        file.index().count(),
        Txid.format(header.minTxid()),
        Txid.format(header.maxTxid()),
        header.timestampMillis(),
        Instant.ofEpochMilli(header.timestampMillis()).toString(),
        Txid.format(header.preApplyChecksum()),
        Txid.format(file.trailer().postApplyChecksum()),
        Txid.format(file.trailer().fileChecksum()),
        header.walOffset(),
        header.walSize(),
        header.walSalt1() & 0xffffffffL,
        header.walSalt2() & 0xffffffffL,
        Txid.format(header.nodeId()));
  }
}
