package dev.sluice.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.examples.Programs.Ended;
import dev.sluice.examples.orders.OrderDesk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Both order desks on a primary and a follower; desk, primary and follower are three processes. */
class OrderDeskTest {
  private static final int LIMIT_SECONDS = 120;
  private static final List<String> ITEMS = List.of("tea", "two cakes", "rice");

  private final Path directory;

  private final List<Served> opened = new ArrayList<>();
  private String primaryUrl = "";
  private String followerUrl = "";

  OrderDeskTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @BeforeEach
  void start() throws IOException, InterruptedException {
    Programs.assumeMountable();
    Path primary = Files.createDirectory(primaryMount());
    Served first = Served.mount(directory.resolve("primary"), primary);
    opened.add(first);
    primaryUrl = first.url();
    Path follower = Files.createDirectory(followerMount());
    Served second = Served.mount(directory.resolve("follower"), follower, "--follow", primaryUrl);
    opened.add(second);
    followerUrl = second.url();
  }

  @AfterEach
  void stop() throws IOException, InterruptedException {
    for (int i = opened.size() - 1; i >= 0; i--) {
      opened.get(i).close();
    }
    Programs.unmountAll(directory);
  }

  private Path primaryMount() {
    return directory.resolve("primary-mount");
  }

  private Path followerMount() {
    return directory.resolve("follower-mount");
  }

  @Test
  void inPython() throws IOException, InterruptedException {
    Programs.assumeMountable("python3");
    List<String> command = new ArrayList<>();
    command.add("python3");
    command.add(Path.of("python", "order_desk.py").toAbsolutePath().toString());
    command.addAll(List.of(primaryMount().toString(), followerMount().toString(), followerUrl));
    command.addAll(ITEMS);
    check(Programs.run(directory, Map.of(), LIMIT_SECONDS, command));
  }

  @Test
  void inJava() throws IOException, InterruptedException {
    List<String> command =
        Programs.java(OrderDesk.class, primaryMount(), primaryUrl, followerMount(), followerUrl);
    command.addAll(ITEMS);
    check(Programs.run(directory, Map.of(), LIMIT_SECONDS, command));
  }

  private static void check(Ended desk) {
    assertThat(desk.status()).as(desk.output()).isZero();
    List<String> lines = desk.output().lines().toList();
    assertThat(lines).as(desk.output()).hasSameSizeAs(ITEMS);
    for (int i = 0; i < ITEMS.size(); i++) {
      assertThat(lines.get(i))
          .matches(
              "order %d: %s, at [0-9a-f]{16}/[0-9a-f]{16}, on the follower [0-9.,]+ ms later"
                  .formatted(i + 1, ITEMS.get(i)));
    }
  }
}
