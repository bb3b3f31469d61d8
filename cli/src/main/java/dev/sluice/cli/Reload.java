package dev.sluice.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the configuration of a running node again, when it is told to. What can't be read leaves
 * the node as it is. Safe for use by many threads.
 */
final class Reload implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(Reload.class);

  /** Where settings come from. */
  interface Source {
    SluiceConfig read() throws IOException;
  }

  /** What takes them. */
  interface Target {
    void take(SluiceConfig config) throws IOException;
  }

  private final Source source;
  private final Target target;

  /** In effect. Guarded by this. */
  private SluiceConfig now;

  Reload(SluiceConfig now, Source source, Target target) {
    this.now = now;
    this.source = source;
    this.target = target;
  }

  @Override
  public synchronized void run() {
    try {
      SluiceConfig read = source.read();
      ConfigAdvice.check(read);
      take(read);
    } catch (IOException | RuntimeException e) {
      log.error(
          "the configuration is not read again, the node goes on as it is: {}", Errors.line(e));
    }
  }

  private void take(SluiceConfig read) throws IOException {
    List<String> taken = new ArrayList<>();
    List<String> later = new ArrayList<>();
    Settings settings = now.said();
    for (ConfigKey<?> key : SluiceConfig.KEYS) {
      if (!Objects.equals(read.said().find(key), now.said().find(key))) {
        (key.isReloadable() ? taken : later).add(key.name());
        settings = key.isReloadable() ? settings.taking(key, read.said()) : settings;
      }
    }
    SluiceConfig changed = new SluiceConfig(settings);
    LogSetup.level(changed.logLevel());
    target.take(changed);
    now = changed;
    log.info(
        "the configuration is read again; {}{}",
        taken.isEmpty() ? "nothing taken" : "taken: " + String.join(", ", taken),
        later.isEmpty() ? "" : "; only a restart takes: " + String.join(", ", later));
  }
}
