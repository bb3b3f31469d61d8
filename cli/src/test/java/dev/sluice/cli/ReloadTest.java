package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

final class ReloadTest {
  private final Path file;
  private final List<SluiceConfig> taken = new ArrayList<>();
  private final ListAppender<ILoggingEvent> logged = new ListAppender<>();
  private final Logger logger = (Logger) LoggerFactory.getLogger(Reload.class);

  ReloadTest(@TempDir Path directory) {
    file = directory.resolve("sluice.yml");
  }

  @BeforeEach
  void listen() {
    // Another test may have run a command with --verbose, with which the level stays.
    LogSetup.use(false, true);
    logged.start();
    logger.setLevel(Level.INFO);
    logger.addAppender(logged);
  }

  @AfterEach
  void stop() {
    logger.detachAppender(logged);
    logger.setLevel(null);
    LogSetup.level(LogLevel.INFO);
  }

  private SluiceConfig read() throws Exception {
    return ConfigFile.read(file, name -> null);
  }

  private Reload reload(String before) throws Exception {
    Files.writeString(file, before);
    return new Reload(read(), () -> ConfigFile.read(file, name -> null), taken::add);
  }

  private String last() {
    return logged.list.get(logged.list.size() - 1).getFormattedMessage();
  }

  @Test
  void takesWhatItCanAndSaysWhatItCannot() throws Exception {
    Reload reload = reload("data: /a\nstore: /b\nretention: 1d\nsync-interval: 2s\n");
    Files.writeString(file, "data: /other\nstore: /b\nretention: 2d\nbandwidth: 1MB\n");
    reload.run();
    assertThat(last())
        .isEqualTo(
            "the configuration is read again; taken: sync-interval, retention, bandwidth; only a"
                + " restart takes: data");
    assertThat(taken).hasSize(1);
    assertThat(taken.get(0).data()).isEqualTo(Path.of("/a"));
    assertThat(taken.get(0).shipping().policy().retention()).hasDays(2);
    assertThat(taken.get(0).shipping().policy().syncInterval()).hasSeconds(1);
    assertThat(taken.get(0).shipping().bandwidth()).isEqualTo(1_000_000);

    reload.run();
    assertThat(last())
        .isEqualTo("the configuration is read again; nothing taken; only a restart takes: data");
  }

  @Test
  void whatMakesNoSenseChangesNothing() throws Exception {
    Reload reload = reload("retention: 1d\n");
    for (String bad : List.of("retention: soon\n", "durability: follower\n", "x: [")) {
      Files.writeString(file, bad);
      reload.run();
      assertThat(last())
          .startsWith("the configuration is not read again, the node goes on as it is");
    }
    assertThat(logged.list).hasSize(3).allMatch(event -> event.getLevel() == Level.ERROR);
    assertThat(taken).isEmpty();
  }

  @Test
  void theLogLevelChanges() throws Exception {
    Reload reload = reload("log-level: info\n");
    Files.writeString(file, "log-level: debug\n");
    reload.run();
    assertThat(((Logger) LoggerFactory.getLogger("dev.sluice")).getLevel()).isEqualTo(Level.DEBUG);
  }
}
