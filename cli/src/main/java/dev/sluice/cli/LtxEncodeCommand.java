package dev.sluice.cli;

import dev.sluice.ltx.LtxHeader;
import dev.sluice.ltx.LtxSnapshot;
import dev.sluice.ltx.Position;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "encode",
    description = {
      "Write a database as a snapshot: an LTX file that holds all of it.",
      "The database must be at rest: no hot journal, nothing in the WAL.",
    },
    footerHeading = "%nExample:%n",
    footer = "  sluice ltx encode app.db app.ltx")
final class LtxEncodeCommand extends CliCommand {
  @Parameters(index = "0", paramLabel = "DB", description = "The database.")
  private Path database = Path.of("");

  @Parameters(index = "1", paramLabel = "OUT.ltx", description = "The file to write.")
  private Path output = Path.of("");

  @Option(
      names = "--txid",
      paramLabel = "HEX",
      converter = TxidConverter.class,
      defaultValue = "1",
      description = "The transaction after which the database is so (default: 1).")
  private long txid;

  @Option(
      names = "--no-checksum",
      description = "Leave the database checksum out, as Litestream's replicas do.")
  private boolean noChecksum;

  @Option(names = "--force", description = "Replace OUT.ltx if it exists.")
  private boolean force;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    try (DatabaseFile source = DatabaseFile.open(database);
        OutputFile file = OutputFile.create(output, force)) {
      LtxHeader header =
          LtxHeader.snapshot(source.pageSize(), source.pageCount(), txid, source.modifiedMillis());
      LtxSnapshot.Encoded encoded =
          LtxSnapshot.encode(
              noChecksum ? header.withoutChecksum() : header,
              source::read,
              file,
              Runtime.getRuntime().availableProcessors());
      source.checkAtRest();
      file.publish();
      if (json) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("output", output.toString());
        fields.put("position", new Position(txid, encoded.databaseChecksum()).toString());
        fields.put("sizeBytes", encoded.file().sizeBytes());
        fields.put("databaseBytes", source.sizeBytes());
        fields.put("pages", source.pageCount());
        Show.json(out(), fields);
        return ExitStatus.OK;
      }
      out()
          .printf(
              "%s: %s, %s of %s in %s pages%n",
              output,
              new Position(txid, encoded.databaseChecksum()),
              Show.bytes(encoded.file().sizeBytes()),
              Show.bytes(source.sizeBytes()),
              Show.count(source.pageCount()));
    }
    return ExitStatus.OK;
  }
}
