package dev.sluice.cli;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "import",
    description = {
      "Translate a configuration of Litestream into one of Sluice.",
      "Comments at its top name each key that has no equivalent, with what to do instead. Secrets"
          + " are not copied.",
    },
    footerHeading = "%nExample:%n",
    footer = "  sluice config import /etc/litestream.yml -o sluice.yml")
final class ConfigImportCommand extends CliCommand {
  @Parameters(paramLabel = "FILE", description = "Litestream's configuration.")
  private Path file = Path.of("");

  @Option(
      names = {"-o", "--output"},
      paramLabel = "OUT",
      description = "The file to write (default: standard output).")
  private @Nullable Path output;

  @Option(names = "--force", description = "Replace OUT if it exists.")
  private boolean force;

  @Override
  public Integer call() throws IOException {
    LitestreamConfig.Translation translation = translate();
    StringBuilder text = new StringBuilder("# Made from " + file.getFileName() + ".\n");
    for (String note : translation.notes()) {
      text.append("# - ").append(note).append('\n');
    }
    text.append(ConfigText.mapper().writeValueAsString(translation.keys()));
    if (output == null) {
      out().print(text);
      out().flush();
      return ExitStatus.OK;
    }
    try (OutputFile written = OutputFile.create(output, force)) {
      written.write(ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8)));
      written.publish();
    }
    out().println(output + " is written");
    translation.notes().forEach(note -> out().println("  " + note));
    return ExitStatus.OK;
  }

  private LitestreamConfig.Translation translate() throws IOException {
    try {
      JsonNode root = new YAMLMapper().readTree(Files.readString(file));
      return LitestreamConfig.translate(root);
    } catch (JacksonException e) {
      throw new UserException(
          file + ": not YAML: " + e.getOriginalMessage(), "give the file that Litestream reads", e);
    } catch (IllegalArgumentException e) {
      throw new UserException(file + ": " + e.getMessage(), "correct it and try again", e);
    }
  }
}
