package dev.sluice.cli;

import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Help.ColorScheme;
import picocli.CommandLine.Option;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.ScopeType;

/** The root command. A new command is a class of its own and one entry below. */
@Command(
    name = "sluice",
    description = "Replication and backup for SQLite databases.",
    synopsisSubcommandLabel = "COMMAND",
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:done",
      "1:failed; one line on standard error says what and what to do",
      "2:the command line is wrong",
      "3:wait: timed out",
      "4:wait: the position is on another history",
      "5:wait: the node has no such database",
      "6:restore, verify: the backup is damaged",
      "7:restore, verify, follow: no backup, or not of that moment",
      "8:backups, verify: transactions are missing in it",
    },
    footerHeading = "%nExample:%n",
    footer = {
      "  sluice restore file:///backups/shop/app.db -o app.db",
      "",
      "'sluice help COMMAND' says more of a command.",
    })
final class Sluice extends CliCommand {
  private static final List<Class<? extends CliCommand>> COMMANDS =
      List.of(
          DemoCommand.class,
          MountCommand.class,
          ReplicateCommand.class,
          FollowCommand.class,
          RestoreCommand.class,
          BackupsCommand.class,
          VerifyCommand.class,
          SyncCommand.class,
          SnapshotCommand.class,
          PruneCommand.class,
          StatusCommand.class,
          WaitCommand.class,
          ClusterCommand.class,
          HandoffCommand.class,
          PromoteCommand.class,
          ConfigCommand.class,
          LtxCommand.class,
          VersionCommand.class,
          HelpCommand.class);

  @Option(
      names = {"-v", "--verbose"},
      scope = ScopeType.INHERIT,
      description = "Log in detail, and show stack traces of errors.")
  private boolean verbose;

  /** For picocli, which shows the help. */
  @SuppressWarnings("UnusedVariable")
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Show this help.")
  private boolean help;

  /** Whether {@code --verbose} was given, before or after the command. */
  static boolean isVerbose(CommandLine command) {
    return ((Sluice) command.getCommandSpec().root().userObject()).verbose;
  }

  /**
   * Commands, ready to execute: the one that the arguments begin with, else all. Each takes some
   * milliseconds to look at.
   */
  static CommandLine commandLine(String... args) {
    Sluice sluice = new Sluice();
    CommandLine commands = new CommandLine(sluice);
    List<Class<? extends CliCommand>> named =
        COMMANDS.stream()
            .filter(c -> args.length > 0 && c != HelpCommand.class && name(c).equals(args[0]))
            .toList();
    for (Class<? extends CliCommand> command : named.isEmpty() ? COMMANDS : named) {
      commands.addSubcommand(command);
    }
    NodeOptions.addFlags(commands);
    commands
        .setColorScheme(
            new ColorScheme.Builder(Ansi.AUTO)
                .commands(Ansi.Style.bold)
                .options(Ansi.Style.bold)
                .parameters(Ansi.Style.italic)
                .build())
        .setAbbreviatedOptionsAllowed(false)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setUsageHelpAutoWidth(true)
        .setParameterExceptionHandler(Errors::usage)
        .setExecutionExceptionHandler((e, line, parsed) -> Errors.show(e, line))
        .setExecutionStrategy(
            parsed -> {
              CommandLine last =
                  parsed.asCommandLineList().get(parsed.asCommandLineList().size() - 1);
              LogSetup.use(sluice.verbose, ((CliCommand) last.getCommand()).isLongRunning());
              return new RunLast().execute(parsed);
            });
    return commands;
  }

  private static String name(Class<? extends CliCommand> command) {
    return command.getAnnotation(Command.class).name();
  }

  /** Without a command: says what there is. */
  @Override
  public Integer call() {
    return showUsage();
  }
}
