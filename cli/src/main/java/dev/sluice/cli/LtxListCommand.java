package dev.sluice.cli;

import dev.sluice.ltx.LtxFile;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import picocli.CommandLine.Command;

@Command(
    name = "list",
    description = "List the transactions, sizes, checksums and times of LTX files.",
    footerHeading = "%nExample:%n",
    footer = "  sluice ltx list /backups/shop/app.db/ltx/0/*.ltx")
final class LtxListCommand extends LtxReadCommand<LtxInfo> {
  @Override
  LtxInfo read(Path path) throws IOException {
    try (LtxFile file = LtxInputs.open(path)) {
      return LtxInfo.of(file);
    }
  }

  @Override
  void print(List<LtxInfo> files) {
    Table table =
        new Table(
            "MIN TXID",
            "MAX TXID",
            ">PAGES",
            ">DB PAGES",
            ">BYTES",
            "PRE-APPLY",
            "POST-APPLY",
            "TIME",
            "FILE");
    for (LtxInfo file : files) {
      table.row(
          file.minTxid(),
          file.maxTxid(),
          Show.count(file.pageCount()),
          Show.count(file.commit()),
          Show.count(file.size()),
          file.preApplyChecksum(),
          file.postApplyChecksum(),
          Show.time(Instant.ofEpochMilli(file.timestampMillis())),
          file.file());
    }
    table.printTo(out());
  }
}
