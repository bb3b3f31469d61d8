package dev.sluice.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "version",
    description = "Show the version of Sluice, of Java and of the system.",
    footerHeading = "%nExample:%n",
    footer = "  sluice version")
final class VersionCommand extends CliCommand {
  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    if (json) {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("version", sluiceVersion());
      fields.put("java", Runtime.version().toString());
      fields.put("system", System.getProperty("os.name"));
      fields.put("processor", System.getProperty("os.arch"));
      Show.json(out(), fields);
      return ExitStatus.OK;
    }
    out()
        .printf(
            "sluice %s (Java %s, %s %s)%n",
            sluiceVersion(),
            Runtime.version(),
            System.getProperty("os.name"),
            System.getProperty("os.arch"));
    return ExitStatus.OK;
  }

  /** The version of this build. */
  static String sluiceVersion() throws IOException {
    Properties properties = new Properties();
    try (InputStream in = VersionCommand.class.getResourceAsStream("version.properties")) {
      if (in != null) {
        properties.load(in);
      }
    }
    return properties.getProperty("version", "unknown");
  }
}
