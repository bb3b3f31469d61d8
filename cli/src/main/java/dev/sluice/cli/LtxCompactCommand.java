package dev.sluice.cli;

import dev.sluice.ltx.EncodedLtx;
import dev.sluice.ltx.LtxCompactor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "compact",
    description = {
      "Merge LTX files of consecutive transactions into one.",
      "It holds the newest content of each page.",
    },
    footerHeading = "%nExample:%n",
    footer = "  sluice ltx compact -o hour.ltx 00*.ltx")
final class LtxCompactCommand extends CliCommand {
  @Parameters(arity = "1..*", paramLabel = "FILE", description = "The files, oldest first.")
  private List<Path> inputs = List.of();

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "OUT.ltx",
      description = "The file to write.")
  private Path output = Path.of("");

  @Option(
      names = "--no-checksum",
      description = "Leave the database checksums out, as Litestream's replicas do.")
  private boolean noChecksum;

  @Option(names = "--force", description = "Replace OUT.ltx if it exists.")
  private boolean force;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    try (LtxInputs files = LtxInputs.openChain(inputs);
        OutputFile file = OutputFile.create(output, force)) {
      EncodedLtx merged = compact(files, file);
      file.publish();
      if (json) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("output", output.toString());
        fields.put("name", merged.header().fileName());
        fields.put("sizeBytes", merged.sizeBytes());
        fields.put("inputBytes", files.sizeBytes());
        fields.put("inputs", inputs.size());
        Show.json(out(), fields);
        return ExitStatus.OK;
      }
      out()
          .printf(
              "%s: %s, %s from %s in %,d files%n",
              output,
              merged.header().fileName(),
              Show.bytes(merged.sizeBytes()),
              Show.bytes(files.sizeBytes()),
              inputs.size());
    }
    return ExitStatus.OK;
  }

  private EncodedLtx compact(LtxInputs files, OutputFile file) throws IOException {
    int threads = Runtime.getRuntime().availableProcessors();
    try {
      return LtxCompactor.compact(
          files.files(), file, new LtxCompactor.Options(noChecksum, threads));
    } catch (IllegalArgumentException e) {
      throw new UserException(
          "the files cannot be merged: " + e.getMessage(), "give all files of the range", e);
    }
  }
}
