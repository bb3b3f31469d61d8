package dev.sluice.follow;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sluice.access.Access;
import dev.sluice.apply.ReplicaOptions;
import dev.sluice.apply.ReplicaWriter;
import dev.sluice.log.Database;
import dev.sluice.log.Databases;
import dev.sluice.log.LogEntry;
import dev.sluice.ltx.LtxFile;
import dev.sluice.ltx.LtxSource;
import dev.sluice.ltx.Position;
import dev.sluice.node.DatabaseStatus.FollowStatus;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows a primary: takes its stream into the log of each database and has each applied to its
 * file. Connects again, from where it stands, for as long as it runs. Safe for use by many threads.
 */
public final class Follower implements Following {
  private static final Logger log = LoggerFactory.getLogger(Follower.class);

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long FIRST_RETRY_MILLIS = 100;
  private static final long LONGEST_RETRY_MILLIS = 5000;
  private static final int APPLY_THREADS = 4;
  private static final Duration ACK_TIMEOUT = Duration.ofSeconds(10);

  /** For what was received to be applied, before its database changes to another history. */
  private static final long APPLY_MILLIS = 30_000;

  /** Others may be brought to another history, too: all of them reconnect once. */
  private static final long BROUGHT_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** A primary that has nothing to say for so long, three heartbeats, may be one no longer. */
  private static final Duration SILENCE = Duration.ofSeconds(3);

  /** After so long the connection is given up: the primary has done so by then, too. */
  private static final Duration LONGEST_SILENCE = Duration.ofMinutes(1);

  /** For a primary to find what a follower lacks, in a large database. */
  private static final Duration ANSWER = Duration.ofMinutes(10);

  /** A payload up to this is taken into memory, a larger one into a file. */
  private static final int IN_MEMORY_BYTES = 4 << 20;

  /**
   * Who follows whom.
   *
   * @param primary base URL of its HTTP server
   * @param access how it is asked
   * @param node id of this node
   * @param url where others reach this node; null when it serves nobody
   * @param epoch the greatest that this node has heard of; 0 without a lease
   * @param only the databases to follow; null for all
   * @param temporary a directory for large transactions on their way
   * @param aside where transactions are saved that the primary does not have; null on a node that
   *     never was one itself, and has none
   */
  public record Options(
      URI primary,
      Access access,
      String node,
      @Nullable String url,
      long epoch,
      @Nullable List<String> only,
      Path temporary,
      @Nullable Path aside) {}

  /** What the files of a node are for a follower. */
  public interface ReplicaFiles {
    /** The file of a database. */
    Path file(String database);

    /** Opens it to be written to; applications can't from now on. */
    default ReplicaWriter open(String database) throws IOException {
      return ReplicaWriter.open(file(database), ReplicaOptions.DEFAULT);
    }

    /** Closes it; applications can write to it from now on, as far as its locks go. */
    default void close(String database, ReplicaWriter writer) throws IOException {
      writer.close();
    }

    /** The follower ends, and needs it no more. */
    default void giveBack(String database, ReplicaWriter writer) throws IOException {
      close(database, writer);
    }
  }

  private final Options options;
  private final URI primary;
  private final Databases databases;
  private final ReplicaFiles files;
  private final ExecutorService appliers;
  private final Map<String, FollowedDatabase> followed = new ConcurrentHashMap<>();
  private final Thread thread = new Thread(this::run, "follower");
  private final Acknowledgements acks = new Acknowledgements(this::acknowledge);

  private volatile boolean closed;
  private volatile boolean connected;
  private volatile boolean receivedAll;
  private volatile boolean caughtUp;
  private volatile @Nullable SilenceGuard stream;
  private volatile List<Member> members = List.of();
  private volatile ClockOffset clockOffset = new ClockOffset();

  /** Databases asked for that the primary does not have; it is asked again when it reconnects. */
  private volatile @Nullable String unknown;

  private volatile @Nullable String statusUrl;
  private volatile Runnable unknownAction = () -> {};
  private volatile Runnable inDoubtAction = () -> {};

  public Follower(Options options, Databases databases, ReplicaFiles files) {
    this.options = options;
    this.primary = options.primary();
    this.databases = databases;
    this.files = files;
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

  /** Brings the files to the end of their logs. */
  public void apply() {
    for (Database database : databases.all()) {
      of(database).wake();
    }
  }

  /** Brings the files to the end of their logs and begins to follow. */
  public void start() {
    apply();
    acks.start();
    thread.start();
  }

  private FollowedDatabase of(Database database) {
    return followed.computeIfAbsent(
        database.name(),
        name -> new FollowedDatabase(database, files, appliers, this::clockOffsetMillis));
  }

  /** True while the stream is open, and the primary not silent. */
  @Override
  public boolean isConnected() {
    SilenceGuard open = stream;
    return connected && open != null && !open.isSilent();
  }

  /** True once everything the primary had when this connected first is applied. */
  @Override
  public boolean isCaughtUp() {
    if (!caughtUp && receivedAll) {
      caughtUp = followed.values().stream().allMatch(FollowedDatabase::hasAppliedFirst);
    }
    return caughtUp;
  }

  @Override
  public @Nullable String unknownDatabase() {
    return unknown;
  }

  @Override
  public void onUnknownDatabase(Runnable action) {
    unknownAction = action;
    if (unknown != null) {
      action.run();
    }
  }

  /**
   * Tells the primary where this node, which is none of its cluster, says how it is. Before the
   * start.
   */
  public void announce(@Nullable String url) {
    statusUrl = url;
  }

  /** The nodes that follow the same primary, as far as it has told. */
  public List<Member> members() {
    return members;
  }

  /**
   * Has {@code action} run whenever another node may be the primary: the stream has ended, the
   * primary has become silent, or is in a later epoch than this node has heard of.
   */
  public void onPrimaryInDoubt(Runnable action) {
    inDoubtAction = action;
  }

  private void takeUnknown(String database) {
    unknown = database;
    unknownAction.run();
  }

  @Override
  public long clockOffsetMillis() {
    return clockOffset.millis();
  }

  @Override
  public @Nullable FollowStatus status(String database) {
    FollowedDatabase known = followed.get(database);
    return known == null ? null : known.status();
  }

  @Override
  public @Nullable String error(String database) {
    FollowedDatabase known = followed.get(database);
    return known == null ? null : known.error();
  }

  @Override
  public void readPage(String database, int pgno, ByteBuffer target) throws IOException {
    FollowedDatabase known = followed.get(database);
    if (known == null) {
      throw new IOException(database + " is not followed");
    }
    known.readPage(pgno, target);
  }

  private void run() {
    long retry = FIRST_RETRY_MILLIS;
    while (!closed) {
      boolean was = false;
      try {
        follow();
        was = true;
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
        acks.end();
        if (connected) {
          connected = false;
          inDoubtAction.run();
        }
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
    HttpResponse<InputStream> response =
        post("/v1/stream", HttpRequest.BodyPublishers.ofByteArray(request()), LONGEST_SILENCE);
    try (SilenceGuard body =
        new SilenceGuard(response.body(), SILENCE, LONGEST_SILENCE, () -> inDoubtAction.run())) {
      stream = body;
      connected = true;
      log.info("following {}", primary);
      // Only a node that may become the primary has an epoch.
      if (options.epoch() > 0 && response.headers().firstValue(StreamService.ACKS).isPresent()) {
        acks.begin(databases.all());
      }
      DataInputStream in = new DataInputStream(new BufferedInputStream(body, 64 << 10));
      long broughtNanos = 0;
      ClockOffset clocks = new ClockOffset();
      while (!closed) {
        Frame frame = Frame.readFrom(in);
        clocks.heard(
            frame.millis(),
            System.currentTimeMillis(),
            System.nanoTime(),
            frame.kind() == Frame.Kind.HEARTBEAT);
        clockOffset = clocks;
        if (take(frame, in) && broughtNanos == 0) {
          broughtNanos = System.nanoTime();
        }
        boolean pause =
            frame.kind() == Frame.Kind.CAUGHT_UP || frame.kind() == Frame.Kind.HEARTBEAT;
        if (broughtNanos != 0 && (pause || System.nanoTime() - broughtNanos > BROUGHT_NANOS)) {
          // What follows is sent to who connects with the new positions.
          return;
        }
      }
    }
  }

  private HttpResponse<InputStream> post(
      String path, HttpRequest.BodyPublisher body, Duration answer)
      throws IOException, InterruptedException {
    HttpRequest request =
        options.access().request(primary.resolve(path)).timeout(answer).POST(body).build();
    HttpResponse<InputStream> response =
        options.access().http().send(request, HttpResponse.BodyHandlers.ofInputStream());
    try {
      if (response.statusCode() != 200) {
        throw refused(response.statusCode());
      }
      long epoch = response.headers().firstValueAsLong(StreamService.EPOCH).orElse(0);
      if (epoch < options.epoch()) {
        throw new IOException(
            "its epoch is "
                + epoch
                + ", and "
                + options.epoch()
                + " has begun: it is no longer the primary");
      }
      if (epoch > options.epoch() && options.epoch() > 0) {
        inDoubtAction.run();
      }
      return response;
    } catch (IOException e) {
      response.body().close();
      throw e;
    }
  }

  private void acknowledge(Map<String, Position> positions)
      throws IOException, InterruptedException {
    AckRequest request = AckRequest.of(options.node(), options.epoch(), positions);
    HttpResponse<Void> response =
        options
            .access()
            .http()
            .send(
                options
                    .access()
                    .request(primary.resolve("/v1/acks"))
                    .timeout(ACK_TIMEOUT)
                    .POST(HttpRequest.BodyPublishers.ofByteArray(request.bytes()))
                    .build(),
                HttpResponse.BodyHandlers.discarding());
    if (response.statusCode() != 200) {
      throw new IOException(primary + " answered " + response.statusCode());
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
          default ->
              "answered "
                  + status
                  + "; is that the address of a Sluice node that is the primary (--listen)?";
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
    return JSON.writeValueAsBytes(
        new StreamRequest(
            options.node(), options.url(), statusUrl, options.epoch(), positions, options.only()));
  }

  /** Takes what follows a frame; true when a database was brought to another history. */
  private boolean take(Frame frame, DataInputStream in) throws IOException, InterruptedException {
    List<String> only = options.only();
    if (only != null && !frame.database().isEmpty() && !only.contains(frame.database())) {
      // It would be written to the file of the one that was asked for.
      throw new IOException(frame.database() + " came, which was not asked for");
    }
    switch (frame.kind()) {
      case LTX, SNAPSHOT -> takeTransactions(frame, in);
      case CURRENT -> of(databases.open(frame.database())).head(frame.headTxid());
      case UNKNOWN -> takeUnknown(frame.database());
      case CAUGHT_UP -> {
        followed.values().forEach(FollowedDatabase::receivedFirst);
        receivedAll = true;
      }
      case DIVERGED -> {
        takeDifference(frame.database());
        return true;
      }
      case MEMBERS -> takeMembers(frame, in);
      case HEARTBEAT -> {}
    }
    return false;
  }

  private void takeMembers(Frame frame, DataInputStream in) throws IOException {
    if (frame.payloadBytes() > IN_MEMORY_BYTES) {
      throw new IOException("a list of nodes with " + frame.payloadBytes() + " bytes");
    }
    byte[] json = in.readNBytes((int) frame.payloadBytes());
    members = List.of(JSON.readValue(json, Member[].class));
  }

  /** The log of the primary does not lead on from here: asks for the pages that differ. */
  private void takeDifference(String name) throws IOException, InterruptedException {
    Database database = databases.open(name);
    FollowedDatabase target = of(database);
    Position before = database.position();
    if (!target.awaitApplied(APPLY_MILLIS)) {
      throw new IOException(
          name
              + ": what was received before is not applied, so it can't be brought to the primary's history");
    }
    DifferenceRequest request =
        new DifferenceRequest(database.pageSize(), positions(database), database.pageSums());
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    request.writeTo(new DataOutputStream(bytes));
    HttpResponse<InputStream> response =
        post(
            "/v1/difference?database=" + URLEncoder.encode(name, StandardCharsets.UTF_8),
            HttpRequest.BodyPublishers.ofByteArray(bytes.toByteArray()),
            ANSWER);
    Files.createDirectories(options.temporary());
    Path file = Files.createTempFile(options.temporary(), "difference", ".ltx");
    try (SilenceGuard body = new SilenceGuard(response.body(), SILENCE, LONGEST_SILENCE, () -> {});
        DataInputStream in = new DataInputStream(new BufferedInputStream(body, 64 << 10))) {
      DifferenceAnswer answer = DifferenceAnswer.readFrom(in);
      receive(in, answer.length(), file);
      saveAside(database, answer.common());
      try (LtxSource source = LtxSource.of(file)) {
        boolean whole = LtxFile.open(source, name).header().isSnapshot();
        if (whole) {
          append(target, source);
        } else {
          database.adopt(source);
          acks.received(database);
          target.wake();
        }
      }
      log.info(
          "{}: brought to {}, {} bytes transferred", name, database.position(), answer.length());
      if (!answer.common().equals(Position.NONE) && !answer.common().equals(before)) {
        databases.events().diverged(database, diverged(before, answer.common(), database));
      }
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    } finally {
      Files.deleteIfExists(file);
    }
  }

  private String diverged(Position before, Position common, Database database) {
    return "was at %s, on another history than the primary since %s, and has been brought to %s%s"
        .formatted(
            before,
            common,
            database.position(),
            options.aside() == null ? "" : "; what it had is in " + options.aside());
  }

  /** Where the database stood, newest first. */
  private static List<Position> positions(Database database) {
    LogEntry first = database.log().first();
    List<Position> positions = new ArrayList<>();
    positions.add(database.position());
    if (first == null) {
      return positions;
    }
    List<LogEntry> entries = database.log().after(first.minTxid() - 1, Integer.MAX_VALUE);
    for (int i = entries.size() - 2;
        i >= 0 && positions.size() < DifferenceRequest.MAX_POSITIONS - 1;
        i--) {
      positions.add(entries.get(i).position());
    }
    if (positions.size() < DifferenceRequest.MAX_POSITIONS
        && !first.before().equals(Position.NONE)) {
      positions.add(first.before());
    }
    return positions;
  }

  private void saveAside(Database database, Position common) throws IOException {
    Path aside = options.aside();
    if (aside != null && !common.equals(database.position())) {
      Aside.save(database, common, aside);
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
    Files.createDirectories(options.temporary());
    Path file = Files.createTempFile(options.temporary(), "received", ".ltx");
    try {
      receive(in, frame.payloadBytes(), file);
      try (LtxSource source = LtxSource.of(file)) {
        append(target, source);
      }
    } finally {
      Files.deleteIfExists(file);
    }
  }

  private static void receive(InputStream in, long bytes, Path file) throws IOException {
    long room = Files.getFileStore(file).getUsableSpace();
    if (bytes < 0 || bytes > Frame.MAX_PAYLOAD_BYTES || bytes > room) {
      throw new IOException(
          "%d bytes come, and the disk of %s has room for %d; make room on that disk"
              .formatted(bytes, file.getParent(), room));
    }
    try (InputStream payload = new LimitedInputStream(in, bytes)) {
      Files.copy(payload, file, StandardCopyOption.REPLACE_EXISTING);
    }
    if (Files.size(file) < bytes) {
      throw new EOFException("in the middle of a transaction");
    }
  }

  private void append(FollowedDatabase target, LtxSource ltx) throws IOException {
    try {
      target.database().append(ltx);
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    }
    acks.received(target.database());
    target.wake();
  }

  /**
   * Follows no more, and applies what was received; applications are still kept from writing.
   *
   * @return false when that took longer than the time given
   */
  public boolean finish(long timeoutMillis) {
    disconnect();
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
    boolean all = true;
    for (FollowedDatabase each : followed.values()) {
      all &=
          each.awaitApplied(
              Math.max(0, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
    }
    return all;
  }

  private void disconnect() {
    closed = true;
    acks.close();
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
  }

  /** Follows no more, and gives its files back. */
  @Override
  public void close() {
    disconnect();
    followed.values().forEach(FollowedDatabase::close);
    appliers.shutdown();
  }
}
