package dev.sluice.cli;

import dev.sluice.ltx.CorruptLtxException;
import dev.sluice.node.NodeException;
import dev.sluice.restore.ChecksumMismatchException;
import dev.sluice.restore.DamagedDatabaseException;
import dev.sluice.restore.NotRestorableException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Errors as a user sees them: one line on standard error, {@code sluice: <what>; <what to do>}. */
final class Errors {
  private static final String REPORT =
      "this is a bug: run it again with --verbose and report what it prints";

  private Errors() {}

  /** Shows what went wrong in a command. */
  static int show(Exception e, CommandLine command) {
    PrintWriter err = command.getErr();
    err.println("sluice: " + line(e));
    if (Sluice.isVerbose(command)) {
      e.printStackTrace(err);
    }
    return command.getCommand() instanceof CliCommand failed
        ? failed.statusOf(e)
        : ExitStatus.FAILED;
  }

  /** Shows what is wrong with a command line. */
  static int usage(ParameterException e, String[] args) {
    CommandLine command = e.getCommandLine();
    String what = message(e);
    String whatToDo = "'" + command.getCommandSpec().qualifiedName() + " --help' shows the usage";
    if (e instanceof UnmatchedArgumentException unmatched) {
      what = unmatched(unmatched.getUnmatched().get(0), command);
      List<String> similar = unmatched.getSuggestions();
      if (!similar.isEmpty()) {
        whatToDo = "did you mean '" + similar.get(0) + "'? " + whatToDo;
      }
    }
    String line = Character.toLowerCase(what.charAt(0)) + what.substring(1) + "; " + whatToDo;
    command.getErr().println("sluice: " + oneLine(line));
    return ExitStatus.USAGE;
  }

  private static String unmatched(String argument, CommandLine command) {
    String kind =
        argument.startsWith("-")
            ? "unknown option"
            : command.getSubcommands().isEmpty() ? "unexpected argument" : "unknown command";
    return kind + " '" + argument + "'";
  }

  /** An exception in one line. */
  static String line(Throwable e) {
    return oneLine(describe(e));
  }

  private static String describe(Throwable e) {
    if (e instanceof UserException
        || e instanceof NodeException
        || e instanceof NotRestorableException
        || e instanceof ChecksumMismatchException
        || e instanceof DamagedDatabaseException) {
      return message(e);
    }
    if (e instanceof CorruptLtxException) {
      return message(e) + "; the file is damaged: take another copy of it";
    }
    if (e instanceof FileSystemException file) {
      return describeFile(file);
    }
    if (e instanceof IOException io) {
      return describeOther(io);
    }
    return e.getClass().getSimpleName() + ": " + message(e) + "; " + REPORT;
  }

  /** These carry a path, or, from the project's own code, a whole sentence. */
  private static String describeFile(FileSystemException e) {
    String file = String.valueOf(e.getFile());
    if (file.contains("; ")) {
      return file;
    }
    if (e instanceof NoSuchFileException) {
      return file + ": no such file or directory; check the path";
    }
    if (e instanceof AccessDeniedException) {
      return file + ": permission denied; check its owner and mode";
    }
    if (e instanceof NotDirectoryException) {
      return file + ": not a directory; check the path";
    }
    if (e instanceof FileAlreadyExistsException) {
      return file + ": exists already; choose another name, or give --force";
    }
    return describeOther(e);
  }

  /** Java's words for a full disk say nothing of what to do. */
  private static String describeOther(IOException e) {
    String what = message(e);
    return what.endsWith("No space left on device") || what.endsWith("Disk quota exceeded")
        ? what + "; make room on that disk"
        : what + "; --verbose shows where it comes from";
  }

  private static String message(Throwable e) {
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  private static String oneLine(String text) {
    return text.strip().replaceAll("\\s*\\R\\s*", " ");
  }
}
