package dev.sluice.cli;

import dev.sluice.ltx.Txid;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;

@Command(
    name = "checksum",
    description = {
      "Compute the LTX checksum of database files: the part of a position after the slash.",
      "The databases must be at rest: no hot journal, nothing in the WAL.",
    },
    footerHeading = "%nExample:%n",
    footer = "  sluice ltx checksum app.db")
final class LtxChecksumCommand extends LtxReadCommand<LtxChecksumCommand.Sum> {
  record Sum(String file, String checksum, int pageSize, int pageCount) {}

  @Override
  Sum read(Path path) throws IOException {
    try (DatabaseFile database = DatabaseFile.open(path)) {
      String checksum = Txid.format(database.checksum());
      database.checkAtRest();
      return new Sum(path.toString(), checksum, database.pageSize(), database.pageCount());
    }
  }

  @Override
  void print(List<Sum> sums) {
    Table table = new Table("CHECKSUM", ">PAGES", ">PAGE SIZE", "FILE");
    for (Sum sum : sums) {
      table.row(
          sum.checksum(), Show.count(sum.pageCount()), Show.count(sum.pageSize()), sum.file());
    }
    table.printTo(out());
  }
}
