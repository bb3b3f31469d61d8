package dev.sluice.follow;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sluice.access.Access;
import dev.sluice.log.Database;
import dev.sluice.log.Databases;
import dev.sluice.ltx.LtxSource;
import dev.sluice.ltx.Position;
import dev.sluice.node.DatabaseStatus.FollowStatus;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows a primary: takes its stream into the log of each database and has each applied to its
 * file. Connects again, from where it stands, for as long as it runs. Safe for use by many threads.
 */
public final class Follower implements Closeable {
  private static final Logger log = LoggerFactory.getLogger(Follower.class);

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long FIRST_RETRY_MILLIS = 100;
  private static final long LONGEST_RETRY_MILLIS = 5000;
  private static final int APPLY_THREADS = 4;

  /** A payload up to this is taken into memory, a larger one into a file. */
  private static final int IN_MEMORY_BYTES = 4 << 20;

  private final URI primary;
  private final Access access;
  private final String node;
  private final Databases databases;
  private final Function<String, Path> files;
  private final @Nullable List<String> only;
  private final Path temporary;
  private final ExecutorService appliers;
  private final Map<String, FollowedDatabase> followed = new ConcurrentHashMap<>();
  private final Thread thread = new Thread(this::run, "follower");

  private volatile boolean closed;
  private volatile boolean connected;
  private volatile boolean receivedAll;
  private volatile boolean caughtUp;
  private volatile @Nullable InputStream stream;

  /** Databases asked for that the primary does not have; it is asked again when it reconnects. */
  private volatile @Nullable String unknown;

  private volatile Runnable unknownAction = () -> {};

  /**
   * @param primary base URL of its HTTP server
   * @param access how it is asked
   * @param node id of this node
   * @param files gives the file of a database by its name
   * @param only the databases to follow; null for all
   * @param temporary a directory for large transactions on their way
   */
  public Follower(
      URI primary,
      Access access,
      String node,
      Databases databases,
      Function<String, Path> files,
      @Nullable List<String> only,
      Path temporary) {
    this.primary = primary;
    this.access = access;
    this.node = node;
    this.databases = databases;
    this.files = files;
    this.only = only;
    this.temporary = temporary;
    int[] count = {0};
    this.appliers =
        Executors.newFixedThreadPool(
            APPLY_THREADS,
            task -> {
              Thread t = new Thread(task, "apply-" + count[0]++);
              t.setDaemon(true);
              return t;
            });
    thread.setDaemon(true);
  }

  /** Brings the files to the end of their logs and begins to follow. */
  public void start() {
    for (Database database : databases.all()) {
      of(database).wake();
    }
    thread.start();
  }

  private FollowedDatabase of(Database database) {
    return followed.computeIfAbsent(
        database.name(), name -> new FollowedDatabase(database, files.apply(name), appliers));
  }

  /** True while the stream is open. */
  public boolean isConnected() {
    return connected;
  }

  /** True once everything the primary had when this connected first is applied. */
  public boolean isCaughtUp() {
    if (!caughtUp && receivedAll) {
      caughtUp = followed.values().stream().allMatch(FollowedDatabase::isCurrent);
    }
    return caughtUp;
  }

  /**
   * The database that was asked for and that the primary does not have; null when there is none.
   */
  public @Nullable String unknownDatabase() {
    return unknown;
  }

  /** Has {@code action} run when there is such a database; at once when there is one already. */
  public void onUnknownDatabase(Runnable action) {
    unknownAction = action;
    if (unknown != null) {
      action.run();
    }
  }

  private void takeUnknown(String database) {
    unknown = database;
    unknownAction.run();
  }

  public @Nullable FollowStatus status(String database) {
    FollowedDatabase known = followed.get(database);
    return known == null ? null : known.status();
  }

  public @Nullable String error(String database) {
    FollowedDatabase known = followed.get(database);
    return known == null ? null : known.error();
  }

  private void run() {
    long retry = FIRST_RETRY_MILLIS;
    while (!closed) {
      boolean was = false;
      try {
        follow();
      } catch (IOException | RuntimeException e) {
        was = connected;
        if (!closed) {
          String why = why(e);
          log.warn(
              "{}: {}; connecting again", primary, was ? "the stream ended (" + why + ")" : why);
          log.debug("{}", primary, e);
        }
      } catch (InterruptedException e) {
        return;
      } finally {
        connected = false;
      }
      retry = was ? FIRST_RETRY_MILLIS : Math.min(retry * 2, LONGEST_RETRY_MILLIS);
      if (!closed) {
        LockSupport.parkNanos(
            (retry / 2 + ThreadLocalRandom.current().nextLong(retry)) * 1_000_000);
      }
    }
  }

  private static String why(Exception e) {
    String tls = Access.explain(e);
    if (tls != null) {
      return tls;
    }
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }

  private void follow() throws IOException, InterruptedException {
    HttpRequest request =
        access
            .request(primary.resolve("/v1/stream"))
            .POST(HttpRequest.BodyPublishers.ofByteArray(request()))
            .build();
    HttpResponse<InputStream> response =
        access.http().send(request, HttpResponse.BodyHandlers.ofInputStream());
    try (InputStream body = response.body()) {
      if (response.statusCode() != 200) {
        throw refused(response.statusCode());
      }
      stream = body;
      connected = true;
      log.info("following {}", primary);
      DataInputStream in = new DataInputStream(new BufferedInputStream(body, 64 << 10));
      while (!closed) {
        take(Frame.readFrom(in), in);
      }
    }
  }

  private static IOException refused(int status) {
    return new IOException(
        switch (status) {
          case 401 ->
              "answered 401: it asks for a token and does not know this node's; give one of scope"
                  + " follow with --token-file FILE or 'token'";
          case 403 ->
              "answered 403: this node's token does not allow it to follow; give one of scope"
                  + " follow with --token-file FILE or 'token'";
          default -> "answered " + status + "; is that the address of a Sluice node (--listen)?";
        });
  }

  private byte[] request() throws JsonProcessingException {
    Map<String, String> positions = new HashMap<>();
    for (Database database : databases.all()) {
      // Without its page checksums no transaction can be taken: then everything is wanted anew.
      if (!database.position().equals(Position.NONE) && database.isConsistent()) {
        positions.put(database.name(), database.position().toString());
      }
    }
    return JSON.writeValueAsBytes(new StreamRequest(node, positions, only));
  }

  private void take(Frame frame, DataInputStream in) throws IOException {
    if (only != null && !frame.database().isEmpty() && !only.contains(frame.database())) {
      // It would be written to the file of the one that was asked for.
      throw new IOException(frame.database() + " came, which was not asked for");
    }
    switch (frame.kind()) {
      case LTX, SNAPSHOT -> takeTransactions(frame, in);
      case CURRENT -> of(databases.open(frame.database())).head(frame.headTxid());
      case UNKNOWN -> takeUnknown(frame.database());
      case CAUGHT_UP -> receivedAll = true;
      case HEARTBEAT -> {}
    }
  }

  private void takeTransactions(Frame frame, DataInputStream in) throws IOException {
    FollowedDatabase target = of(databases.open(frame.database()));
    target.head(frame.headTxid());
    if (frame.payloadBytes() <= IN_MEMORY_BYTES) {
      byte[] bytes = in.readNBytes((int) frame.payloadBytes());
      if (bytes.length < frame.payloadBytes()) {
        throw new EOFException("in the middle of a transaction");
      }
      ByteBuffer direct = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
      append(target, LtxSource.of(direct));
      return;
    }
    Files.createDirectories(temporary);
    long room = Files.getFileStore(temporary).getUsableSpace();
    if (frame.payloadBytes() > room) {
      throw new IOException(
          "%s: %d bytes come, and the disk of %s has room for %d; make room on that disk"
              .formatted(frame.database(), frame.payloadBytes(), temporary, room));
    }
    Path file = Files.createTempFile(temporary, "received", ".ltx");
    try {
      try (InputStream payload = new LimitedInputStream(in, frame.payloadBytes())) {
        Files.copy(payload, file, StandardCopyOption.REPLACE_EXISTING);
      }
      if (Files.size(file) < frame.payloadBytes()) {
        throw new EOFException("in the middle of a transaction");
      }
      try (LtxSource source = LtxSource.of(file)) {
        append(target, source);
      }
    } finally {
      Files.deleteIfExists(file);
    }
  }

  private static void append(FollowedDatabase target, LtxSource ltx) throws IOException {
    try {
      target.database().append(ltx);
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    }
    target.wake();
  }

  @Override
  public void close() {
    closed = true;
    InputStream open = stream;
    if (open != null) {
      try {
        open.close();
      } catch (IOException e) {
        log.debug("closing the stream", e);
      }
    }
    thread.interrupt();
    try {
      thread.join(5000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    followed.values().forEach(FollowedDatabase::close);
    appliers.shutdown();
  }
}
