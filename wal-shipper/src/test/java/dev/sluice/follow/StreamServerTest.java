package dev.sluice.follow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.follow.Frame.Kind;
import dev.sluice.log.Database;
import dev.sluice.log.Databases;
import dev.sluice.log.Snapshots;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a follower is sent. */
@Timeout(60)
final class StreamServerTest {
  private static final int PAGE_SIZE = 512;
  private static final int COMMITS_AT_MOST = 100;

  private final Path directory;
  private long commits;

  StreamServerTest(@TempDir Path directory) {
    this.directory = directory;
  }

  private void commit(Database database) throws IOException {
    long now = ++commits;
    database.commit(
        PAGE_SIZE,
        1,
        new int[] {1},
        1,
        (pgno, page) -> {
          while (page.remaining() > 0) {
            page.putLong(now);
          }
        });
  }

  /** A client that commits whenever the server would have nothing to send. */
  private final class Busy extends OutputStream {
    private final Database database;
    private final ByteArrayOutputStream sent = new ByteArrayOutputStream();

    Busy(Database database) {
      this.database = database;
    }

    @Override
    public void write(int one) {
      sent.write(one);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
      sent.write(bytes, offset, length);
    }

    @Override
    public void flush() throws IOException {
      if (commits == COMMITS_AT_MOST) {
        throw new IOException("the follower leaves");
      }
      commit(database);
    }

    List<Frame> frames() throws IOException {
      List<Frame> frames = new ArrayList<>();
      DataInputStream in = new DataInputStream(new ByteArrayInputStream(sent.toByteArray()));
      while (in.available() > 0) {
        Frame frame = Frame.readFrom(in);
        in.skipNBytes(frame.payloadBytes());
        frames.add(frame);
      }
      return frames;
    }
  }

  /** Otherwise a follower of a busy primary would never be ready, nor its successor at once. */
  @Test
  void whatWasThereAtFirstIsSentThoughCommitsNeverEnd() throws Exception {
    try (Databases databases = Databases.open(directory.resolve("db"))) {
      Database database = databases.open("app.db");
      commit(database);
      String position = database.position().toString();
      commit(database);
      commit(database);
      StreamServer server =
          new StreamServer(
              databases,
              new Snapshots(directory, (name, pgno, page) -> {}),
              number -> {},
              FollowerListener.NONE,
              0);
      String request = "{\"node\":\"f\",\"positions\":{\"app.db\":\"" + position + "\"}}";
      Busy busy = new Busy(database);
      assertThatThrownBy(
              () ->
                  server.serve(
                      new ByteArrayInputStream(request.getBytes(StandardCharsets.UTF_8)), busy))
          .hasMessage("the follower leaves");
      List<Kind> kinds = busy.frames().stream().map(Frame::kind).toList();
      int caughtUp = kinds.indexOf(Kind.CAUGHT_UP);
      assertThat(caughtUp).isPositive();
      assertThat(kinds.subList(0, caughtUp)).filteredOn(Kind.LTX::equals).hasSize(2);
      assertThat(kinds.subList(caughtUp, kinds.size()))
          .filteredOn(Kind.LTX::equals)
          .hasSizeGreaterThan(COMMITS_AT_MOST / 2);
    }
  }
}
