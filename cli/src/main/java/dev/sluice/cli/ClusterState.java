package dev.sluice.cli;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.sluice.os.Libc;
import dev.sluice.os.NativeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** What a node must know of its cluster after a restart: a file, durable. One thread at a time. */
final class ClusterState {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  /**
   * The file, as JSON.
   *
   * @param epoch the greatest that the node has heard of
   * @param follows whether it followed last: its databases may be behind their logs
   * @param committed whether it may have committed something that no other node has
   * @param took the last in which it led, or had caught up with the primary
   */
  private record Known(
      @JsonProperty("epoch") long epoch,
      @JsonProperty("follows") boolean follows,
      @JsonProperty("committed") boolean committed,
      @JsonProperty("took") long took) {}

  private final Path file;
  private Known known;

  private ClusterState(Path file, Known known) {
    this.file = file;
    this.known = known;
  }

  static ClusterState open(Path directory) throws IOException {
    Path file = directory.resolve("cluster.json");
    Known known =
        Files.exists(file)
            ? JSON.readValue(file.toFile(), Known.class)
            : new Known(0, false, true, 0);
    return new ClusterState(file, known);
  }

  long epoch() {
    return known.epoch();
  }

  boolean follows() {
    return known.follows();
  }

  boolean committed() {
    return known.committed();
  }

  void heard(long epoch) throws IOException {
    if (epoch > known.epoch()) {
      write(new Known(epoch, known.follows(), known.committed(), known.took()));
    }
  }

  /** Whether it took no part in a term. */
  boolean missed(long epoch) {
    return known.took() < epoch;
  }

  void leads(long epoch) throws IOException {
    write(new Known(known.epoch(), false, true, epoch));
  }

  void followsNow() throws IOException {
    if (!known.follows()) {
      write(new Known(known.epoch(), true, known.committed(), known.took()));
    }
  }

  /** It has everything that the primary of that term had when this node came. */
  void caughtUp(long epoch) throws IOException {
    if (known.committed() || missed(epoch)) {
      write(new Known(known.epoch(), known.follows(), false, epoch));
    }
  }

  private void write(Known now) throws IOException {
    Path whole = file.resolveSibling(file.getFileName() + ".new");
    Files.write(whole, JSON.writeValueAsBytes(now));
    try (NativeFile written = NativeFile.open(whole, Libc.O_RDONLY)) {
      written.sync();
    }
    Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE);
    NativeFile.syncDirectory(java.util.Objects.requireNonNull(file.getParent()));
    known = now;
  }
}
