package dev.sluice.cli;

import dev.sluice.ltx.LtxFile;
import dev.sluice.ltx.LtxVerifier;
import dev.sluice.ltx.PageIndex;
import dev.sluice.ltx.Position;
import dev.sluice.ltx.Txid;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "apply",
    description = {
      "Bring a database forward by the transactions in LTX files, in their order.",
      "Creates the database when the first file holds all of it. The database must be at rest; it"
          + " changes at once, or, when anything does not fit, not at all.",
    },
    footerHeading = "%nExample:%n",
    footer = "  sluice ltx apply app.db 00*.ltx")
final class LtxApplyCommand extends CliCommand {
  @Parameters(index = "0", paramLabel = "DB", description = "The database.")
  private Path database = Path.of("");

  @Parameters(
      index = "1..*",
      arity = "1..*",
      paramLabel = "FILE",
      description = "The LTX files, oldest first.")
  private List<Path> inputs = List.of();

  @Option(
      names = "--force",
      description = "Replace a database that exists by the one that the files hold.")
  private boolean force;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    try (LtxInputs files = LtxInputs.openChain(inputs)) {
      LtxFile first = files.first();
      boolean exists = Files.exists(database);
      Position position;
      if (exists && !first.header().isSnapshot()) {
        position = advance(files);
      } else if (exists) {
        position = replace(files);
      } else {
        position = create(files);
      }
      if (json) {
        Show.json(out(), Map.of("database", database.toString(), "position", position.toString()));
      } else {
        out().println(database + ": " + position);
      }
    }
    return ExitStatus.OK;
  }

  private Position advance(LtxInputs files) throws IOException {
    LtxFile first = files.first();
    try (DatabaseFile base = DatabaseFile.openExclusive(database);
        OutputFile result = OutputFile.create(database, true)) {
      long expected = first.header().preApplyChecksum();
      long checksum = first.header().hasChecksums() ? base.checksum() : expected;
      if (checksum != expected) {
        throw new UserException(
            String.format(
                "%s has checksum %s, but %s continues from %s",
                database, Txid.format(checksum), first.name(), Txid.format(expected)),
            "apply the files that lead there first, or begin with a snapshot");
      }
      base.copyTo(result.channel());
      return apply(files, result, base.pageSize());
    }
  }

  /** The lock is only held. */
  @SuppressWarnings("try")
  private Position replace(LtxInputs files) throws IOException {
    if (!force) {
      throw new UserException(
          database + " exists already, and " + files.first().name() + " holds a whole database",
          "apply it to another name, or give --force to replace the database");
    }
    try (FileChannel lock = DatabaseFile.lockExclusive(database);
        OutputFile result = OutputFile.create(database, true)) {
      return applyFromNothing(files, result);
    }
  }

  private Position create(LtxInputs files) throws IOException {
    if (!files.first().isWhole()) {
      throw new UserException(
          database + " does not exist, and " + files.first().name() + " holds only a part of it",
          "begin with a snapshot");
    }
    try (OutputFile result = OutputFile.create(database, false)) {
      return applyFromNothing(files, result);
    }
  }

  /** What SQLite would take for a part of the new database must not be there. */
  private Position applyFromNothing(LtxInputs files, OutputFile result) throws IOException {
    int pageSize = files.first().header().pageSize();
    DatabaseFile.checkNoJournals(database, pageSize);
    return apply(files, result, pageSize);
  }

  private Position apply(LtxInputs files, OutputFile result, int basePageSize) throws IOException {
    int pageSize = basePageSize;
    for (LtxFile file : files.files()) {
      int next = file.header().pageSize();
      if (next != pageSize && !file.isWhole()) {
        throw new UserException(
            String.format(
                "%s has pages of %,d bytes, the database of %,d", file.name(), next, pageSize),
            "it is of another database: take files of one");
      }
      pageSize = next;
      LtxVerifier.verify(file, Runtime.getRuntime().availableProcessors());
      write(file, result);
    }
    LtxFile last = files.last();
    long checksum = DatabaseFile.checksum(result.channel(), pageSize, last.header().commit());
    if (last.header().hasChecksums() && checksum != last.trailer().postApplyChecksum()) {
      throw new UserException(
          String.format(
              "the result has checksum %s, but %s leads to %s",
              Txid.format(checksum), last.name(), Txid.format(last.trailer().postApplyChecksum())),
          "the database is not the one the files continue: begin with a snapshot");
    }
    result.publish();
    return new Position(last.header().maxTxid(), checksum);
  }

  private static void write(LtxFile file, OutputFile result) throws IOException {
    long pageSize = file.header().pageSize();
    if (file.isWhole()) {
      result.setSize(0);
    }
    PageIndex index = file.index();
    ByteBuffer page = ByteBuffer.allocateDirect(file.header().pageSize());
    for (int i = 0; i < index.count(); i++) {
      file.readPage(index.pgno(i), page.clear());
      page.flip();
      for (long at = (index.pgno(i) - 1) * pageSize; page.hasRemaining(); ) {
        at += result.channel().write(page, at);
      }
    }
    result.setSize(file.header().commit() * pageSize);
  }
}
