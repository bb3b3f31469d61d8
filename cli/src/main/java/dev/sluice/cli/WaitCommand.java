package dev.sluice.cli;

import dev.sluice.ltx.Position;
import dev.sluice.node.NodeClient;
import dev.sluice.node.WaitResult;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

@Command(
    name = "wait",
    description = {
      "Wait until readers of a node see a position of a database.",
      "Exit status: 0 reached, 1 no answer from the node, 3 timed out, 4 the position is on another"
          + " history, 5 the node has no such database.",
    },
    footerHeading = "%nExample:%n",
    footer = {
      "  sluice wait --url http://127.0.0.1:4481 --timeout 5s shop/app.db \\",
      "      --position \"$(cat MNT/shop/app.db-pos)\"",
    })
final class WaitCommand extends CliCommand {
  @Mixin private AccessOptions access = new AccessOptions();

  @Option(
      names = "--url",
      paramLabel = "URL",
      converter = NodeUrl.Converter.class,
      defaultValue = NodeUrl.DEFAULT,
      description = "The node (default: ${DEFAULT-VALUE}).")
  private NodeUrl url = NodeUrl.parse(NodeUrl.DEFAULT);

  @Option(
      names = "--position",
      required = true,
      paramLabel = "TXID/CHECKSUM",
      converter = PositionConverter.class,
      description = "The position to wait for.")
  private Position position = Position.NONE;

  @Option(
      names = "--timeout",
      paramLabel = "DURATION",
      converter = Durations.Converter.class,
      defaultValue = "5s",
      description = "How long, such as 500ms, 5s or 1m (default: ${DEFAULT-VALUE}).")
  private Duration timeout = Duration.ZERO;

  @Parameters(
      paramLabel = "DB",
      description = "The database, by its path below the data directory.")
  private String database = "";

  static final class PositionConverter implements ITypeConverter<Position> {
    @Override
    public Position convert(String text) {
      try {
        return Position.parse(text.strip());
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    NodeClient node = url.client(access.access());
    WaitResult result =
        waitingFor("waiting for " + position, () -> node.await(database, position, timeout));
    String at = result.applied() == null ? "nothing" : result.applied().toString();
    if (json && result.outcome() != WaitResult.Outcome.REACHED) {
      printJson(result, ExitStatus.OK);
    }
    switch (result.outcome()) {
      case REACHED -> {
        return json
            ? printJson(result, ExitStatus.OK)
            : print(database + ": reached, at " + at, ExitStatus.OK);
      }
      case TIMED_OUT -> {
        return say(
            "%s: not reached within %s, %s is at %s; wait longer, or see 'sluice status'"
                .formatted(database, Show.span(timeout), url, at),
            ExitStatus.TIMED_OUT);
      }
      case DIVERGED -> {
        return say(
            "%s: %s is on another history, at %s; take the position from the primary it follows"
                .formatted(database, url, at),
            ExitStatus.DIVERGED);
      }
      case UNKNOWN_DATABASE -> {
        return say(
            "%s: %s has no such database; 'sluice status' names those it has"
                .formatted(database, url),
            ExitStatus.UNKNOWN_DATABASE);
      }
    }
    throw new AssertionError(result.outcome());
  }

  private int print(String line, int status) {
    out().println(line);
    return status;
  }

  /** Beside the line on standard error where it was not reached. */
  private int printJson(WaitResult result, int status) throws IOException {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("database", database);
    fields.put("outcome", EnumNames.name(result.outcome()));
    fields.put("applied", result.applied() == null ? null : result.applied().toString());
    Show.json(out(), fields);
    return status;
  }

  private int say(String line, int status) {
    err().println("sluice: " + line);
    return status;
  }
}
