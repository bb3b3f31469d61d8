package dev.sluice.cli;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.sluice.ltx.Checksums;
import dev.sluice.ltx.LtxFile;
import dev.sluice.ltx.LtxHeader;
import dev.sluice.ltx.PageIndex;
import dev.sluice.ltx.Txid;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;

@Command(
    name = "dump",
    description = "Show all fields of LTX files, and where each of their pages is.",
    footerHeading = "%nExample:%n",
    footer = "  sluice ltx dump 0000000000000001-0000000000000001.ltx")
final class LtxDumpCommand extends LtxReadCommand<LtxDumpCommand.Dump> {
  /** A page: its number, where its frame is in the file, and the checksum of its content. */
  record Page(int pgno, long offset, int size, String checksum) {}

  record Dump(@JsonUnwrapped LtxInfo info, List<Page> pages) {}

  @Override
  Dump read(Path path) throws IOException {
    try (LtxFile file = LtxInputs.open(path)) {
      PageIndex index = file.index();
      ByteBuffer content = ByteBuffer.allocateDirect(file.header().pageSize());
      List<Page> pages = new ArrayList<>();
      for (int i = 0; i < index.count(); i++) {
        file.readPage(index.pgno(i), content.clear());
        String checksum = Txid.format(Checksums.page(index.pgno(i), content.flip()));
        pages.add(new Page(index.pgno(i), index.offset(i), index.size(i), checksum));
      }
      return new Dump(LtxInfo.of(file), pages);
    }
  }

  @Override
  void print(List<Dump> dumps) {
    for (Dump dump : dumps) {
      LtxInfo info = dump.info();
      out().println(info.file());
      field("size", Show.count(info.size()) + " bytes");
      field("flags", flags(info.flags()));
      field("page size", Show.count(info.pageSize()) + " bytes");
      field("commit", Show.count(info.commit()) + " pages after the last transaction");
      field("min TXID", info.minTxid());
      field("max TXID", info.maxTxid());
      field("timestamp", info.timestamp());
      field("pre-apply", info.preApplyChecksum());
      field("WAL offset", Show.count(info.walOffset()));
      field("WAL size", Show.count(info.walSize()));
      field("WAL salts", String.format("%08x %08x", info.walSalt1(), info.walSalt2()));
      field("node id", info.nodeId());
      field("post-apply", info.postApplyChecksum());
      field("file checksum", info.fileChecksum());
      field("pages", Show.count(info.pageCount()));
      if (!dump.pages().isEmpty()) {
        Table table = new Table("  ", ">PAGE", ">OFFSET", ">BYTES", "CHECKSUM");
        for (Page page : dump.pages()) {
          table.row(
              "",
              Show.count(page.pgno()),
              "0x" + Long.toHexString(page.offset()),
              Show.count(page.size()),
              page.checksum());
        }
        table.printTo(out());
      }
      out().println();
    }
  }

  private static String flags(int flags) {
    return flags == LtxHeader.NO_CHECKSUM ? "NoChecksum" : "none";
  }

  private void field(String name, String value) {
    out().printf("  %-14s %s%n", name, value);
  }
}
