package dev.sluice.cli;

import dev.sluice.ltx.CorruptLtxException;
import dev.sluice.ltx.LtxFile;
import dev.sluice.ltx.LtxVerifier;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;

@Command(
    name = "verify",
    description = "Read LTX files whole and check every rule of the format and all checksums.",
    footerHeading = "%nExample:%n",
    footer = "  sluice ltx verify /backups/shop/app.db/ltx/0/*.ltx")
final class LtxVerifyCommand extends LtxReadCommand<LtxVerifyCommand.Verdict> {
  record Verdict(
      String file,
      boolean ok,
      @Nullable Long offset,
      @Nullable String error,
      @Nullable LtxInfo info) {}

  private int damaged;

  @Override
  public Integer call() throws IOException {
    int status = super.call();
    if (damaged > 0) {
      throw new UserException(
          damaged == 1 ? "a file is damaged" : damaged + " files are damaged",
          "take other copies of what is named above");
    }
    return status;
  }

  @Override
  Verdict read(Path path) throws IOException {
    try (LtxFile file = LtxInputs.open(path)) {
      LtxVerifier.verify(file, Runtime.getRuntime().availableProcessors());
      return new Verdict(path.toString(), true, null, null, LtxInfo.of(file));
    } catch (CorruptLtxException e) {
      damaged++;
      return new Verdict(path.toString(), false, e.offset(), e.getMessage(), null);
    }
  }

  @Override
  void print(List<Verdict> verdicts) {
    Table table = new Table("RESULT", "MIN TXID", "MAX TXID", ">PAGES", ">BYTES", "FILE");
    List<String> errors = new ArrayList<>();
    for (Verdict verdict : verdicts) {
      LtxInfo info = verdict.info();
      if (info != null) {
        table.row(
            "ok",
            info.minTxid(),
            info.maxTxid(),
            Show.count(info.pageCount()),
            Show.count(info.size()),
            verdict.file());
      } else {
        table.row("damaged", "", "", "", "", verdict.file());
        errors.add(String.valueOf(verdict.error()));
      }
    }
    table.printTo(out());
    errors.forEach(out()::println);
  }
}
