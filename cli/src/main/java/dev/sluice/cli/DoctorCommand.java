package dev.sluice.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "doctor",
    description = {
      "Look at whatever a node needs before it starts: FUSE, kernel, directories, free space, the stores with a real"
          + " put, get, conditional put, list and delete, clocks, the lease, and the configuration.",
      "Takes the flags of 'sluice mount' and 'sluice replicate'. Leaves nothing behind. Exit status: 9 when something"
          + " would keep a node from working.",
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  sluice doctor --config sluice.yml",
      "  sluice doctor --data /var/lib/shop --store s3://bucket/shop",
    })
final class DoctorCommand extends CliCommand {
  @Mixin private NodeOptions options = new NodeOptions();

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    List<Finding> findings = findings();
    boolean fit = findings.stream().noneMatch(f -> f.verdict() == Finding.Verdict.FAILED);
    if (json) {
      printJson(findings, fit);
    } else {
      findings.forEach(this::print);
    }
    return fit ? ExitStatus.OK : ExitStatus.UNFIT;
  }

  /** A configuration that can't be read is a finding, too. */
  private List<Finding> findings() throws IOException {
    try {
      return Doctor.examine(options.resolve(Settings.NONE));
    } catch (UserException e) {
      List<Finding> findings = new ArrayList<>();
      findings.add(Finding.failed("configuration", e.what(), e.whatToDo()));
      findings.addAll(Doctor.examine(SluiceConfig.EMPTY));
      return findings;
    }
  }

  private void print(Finding finding) {
    String verdict = finding.verdict().name().toLowerCase(Locale.ROOT);
    out()
        .printf(
            "%-8s %s: %s%s%n",
            verdict,
            finding.check(),
            finding.what(),
            finding.whatToDo().isEmpty() ? "" : "; " + finding.whatToDo());
    out().flush();
  }

  private void printJson(List<Finding> findings, boolean fit) throws IOException {
    List<Map<String, Object>> checks = new ArrayList<>();
    for (Finding finding : findings) {
      Map<String, Object> check = new LinkedHashMap<>();
      check.put("check", finding.check());
      check.put("verdict", finding.verdict().name().toLowerCase(Locale.ROOT));
      check.put("what", finding.what());
      check.put("whatToDo", finding.whatToDo().isEmpty() ? null : finding.whatToDo());
      checks.add(check);
    }
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("ok", fit);
    fields.put("checks", checks);
    Show.json(out(), fields);
  }
}
