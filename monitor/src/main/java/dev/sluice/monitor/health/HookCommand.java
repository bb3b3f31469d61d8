package dev.sluice.monitor.health;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Starts a command for each event, with the event on its standard input.
 *
 * @param command for the shell
 * @param limit what it may take
 */
record HookCommand(String command, Duration limit) implements HookTarget {
  @Override
  public void tell(byte[] json) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder("sh", "-c", command)
            .redirectOutput(Redirect.DISCARD)
            .redirectError(Redirect.DISCARD)
            .start();
    try {
      // An event is smaller than a pipe, so that this does not wait for the command.
      try (OutputStream in = process.getOutputStream()) {
        in.write(json);
        in.write('\n');
      } catch (IOException e) {
        // It reads nothing, which it need not.
      }
      if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new IOException("took longer than " + limit.toSeconds() + " s, and was ended");
      }
      if (process.exitValue() != 0) {
        throw new IOException("ended with status " + process.exitValue());
      }
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  @Override
  public String toString() {
    return "the command in 'on-event'";
  }
}
