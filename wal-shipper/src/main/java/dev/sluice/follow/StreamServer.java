package dev.sluice.follow;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sluice.follow.Frame.Kind;
import dev.sluice.log.Database;
import dev.sluice.log.DatabaseListener;
import dev.sluice.log.Databases;
import dev.sluice.log.LogEntry;
import dev.sluice.log.Snapshots;
import dev.sluice.log.Snapshots.SnapshotFile;
import dev.sluice.ltx.LtxSource;
import dev.sluice.ltx.Position;
import dev.sluice.node.NodePeer;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends each follower what it lacks, then every transaction as it is committed. Databases take
 * turns, so that one with much to send does not hold up the others. Safe for use by many threads.
 */
public final class StreamServer implements StreamService, Closeable {
  private static final Logger log = LoggerFactory.getLogger(StreamServer.class);

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long HEARTBEAT_MILLIS = 1000;

  /** Entries of one database sent before another has its turn. */
  private static final int TURN = 64;

  private final Databases databases;
  private final Snapshots snapshots;
  private final IntConsumer changed;
  private final FollowerListener listener;
  private final long epoch;
  private final Set<Session> sessions = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /**
   * @param changed is told how many followers there are
   * @param listener is told of those that are nodes of the cluster
   * @param epoch of this node's term; 0 without a lease
   */
  public StreamServer(
      Databases databases,
      Snapshots snapshots,
      IntConsumer changed,
      FollowerListener listener,
      long epoch) {
    this.databases = databases;
    this.snapshots = snapshots;
    this.changed = changed;
    this.listener = listener;
    this.epoch = epoch;
  }

  @Override
  public long epoch() {
    return epoch;
  }

  @Override
  public boolean wantsAcks() {
    return listener.wantsAcks();
  }

  @Override
  public void acknowledged(byte[] request) throws IOException {
    AckRequest acknowledged = AckRequest.parse(request);
    if (acknowledged.epoch() != epoch) {
      throw new IOException(
          "follower "
              + acknowledged.node()
              + " acknowledges in epoch "
              + acknowledged.epoch()
              + ", this node's is "
              + epoch);
    }
    listener.acknowledged(acknowledged.node(), acknowledged.parsed());
  }

  /** Those that follow now. */
  public List<Member> members() {
    return sessions.stream().map(session -> session.member).distinct().toList();
  }

  /** The same, and where those that are not of the cluster say how they are. */
  public List<NodePeer> peers() {
    return sessions.stream().map(session -> session.peer).distinct().toList();
  }

  @Override
  public void serve(InputStream request, OutputStream response) throws IOException {
    StreamRequest wanted = StreamRequest.readFrom(request);
    if (wanted.epoch() > epoch) {
      throw new IOException(
          "follower "
              + wanted.node()
              + " has heard of epoch "
              + wanted.epoch()
              + ", this node's is "
              + epoch
              + ": it is no longer the primary");
    }
    log.info("follower {} connected", wanted.node());
    Session session = new Session(wanted, response);
    // Others than nodes of the cluster, or with some databases only, can't become the primary.
    boolean counts = wanted.epoch() > 0 && wanted.only() == null;
    sessions.add(session);
    tellMembers();
    if (counts) {
      listener.connected(wanted.node());
    }
    try (session) {
      session.run();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      sessions.remove(session);
      tellMembers();
      if (counts) {
        listener.disconnected(wanted.node());
      }
      log.info("follower {} left", wanted.node());
    }
  }

  private void tellMembers() {
    changed.accept(sessions.size());
    sessions.forEach(Session::membersChanged);
  }

  @Override
  public void difference(String name, InputStream request, OutputStream response)
      throws IOException {
    DifferenceRequest theirs =
        DifferenceRequest.readFrom(new DataInputStream(new BufferedInputStream(request, 64 << 10)));
    Database database = databases.get(name);
    if (database == null || database.position().equals(Position.NONE)) {
      throw new IOException(name + ": a difference was asked for, but there is no such database");
    }
    Position common =
        theirs.positions().stream()
            .filter(database.log()::contains)
            .findFirst()
            .orElse(Position.NONE);
    // A transaction with the TXID 1 can't follow anything.
    boolean whole = theirs.pageSize() != database.pageSize() || database.position().txid() == 1;
    try (SnapshotFile file =
        whole
            ? snapshots.make(database, true)
            : snapshots.difference(database, theirs.sums(), theirs.position().checksum())) {
      long length = Files.size(file.path());
      log.info(
          "{}: the follower at {} gets {}, {} bytes",
          name,
          theirs.position(),
          whole ? "a snapshot" : "the difference to " + file.position(),
          length);
      DataOutputStream out = new DataOutputStream(response);
      new DifferenceAnswer(common, length).writeTo(out);
      Files.copy(file.path(), out);
      out.flush();
    }
  }

  private static void discard(SnapshotFile snapshot) {
    try {
      snapshot.close();
    } catch (IOException e) {
      log.debug("{}", snapshot.path(), e);
    }
  }

  /** Ends all streams soon. */
  @Override
  public void close() {
    closed = true;
    sessions.forEach(Session::membersChanged);
  }

  /** One follower. */
  private final class Session implements DatabaseListener, AutoCloseable {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();

    /** Databases with something to send, in turn. Guarded by {@link #lock}. */
    private final Set<String> pending = new LinkedHashSet<>();

    private final Map<String, Position> sent = new HashMap<>();

    /** What databases had when the follower came, and it does not have yet: TXIDs. */
    private final Map<String, Long> first = new HashMap<>();

    /** Databases of which the follower has to ask for the difference. */
    private final Set<String> diverged = new HashSet<>();

    private final Member member;
    private final NodePeer peer;
    private final @Nullable Set<String> only;
    private final DataOutputStream out;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(64 << 10);
    private final byte[] bytes = new byte[64 << 10];

    /** Guarded by {@link #lock}. */
    private boolean membersChanged;

    Session(StreamRequest request, OutputStream response) {
      member = new Member(request.node(), request.url());
      peer =
          new NodePeer(request.node(), request.url() != null ? request.url() : request.statusUrl());
      request.positions().forEach((name, position) -> sent.put(name, Position.parse(position)));
      List<String> names = request.only();
      only = names == null ? null : Set.copyOf(names);
      out = new DataOutputStream(new BufferedOutputStream(response, 64 << 10));
    }

    @Override
    public void committed(Database database, LogEntry entry, long nanos) {
      if (only == null || only.contains(database.name())) {
        add(database.name());
      }
    }

    @Override
    public void renumbered(Database database) {
      if (only == null || only.contains(database.name())) {
        add(database.name());
      }
    }

    private void add(String name) {
      lock.lock();
      try {
        if (pending.add(name)) {
          work.signal();
        }
      } finally {
        lock.unlock();
      }
    }

    void membersChanged() {
      lock.lock();
      try {
        membersChanged = true;
        work.signal();
      } finally {
        lock.unlock();
      }
    }

    private boolean takeMembersChanged() {
      lock.lock();
      try {
        boolean was = membersChanged;
        membersChanged = false;
        return was;
      } finally {
        lock.unlock();
      }
    }

    void run() throws IOException, InterruptedException {
      databases.listen(this);
      for (Database database : databases.all()) {
        if (only == null || only.contains(database.name())) {
          first.put(database.name(), database.position().txid());
          add(database.name());
        }
      }
      if (only != null) {
        for (String name : only) {
          if (databases.get(name) == null) {
            frame(Kind.UNKNOWN, name, 0, 0);
          }
        }
      }
      boolean caughtUp = false;
      while (!closed) {
        String name = next(caughtUp);
        if (takeMembersChanged()) {
          byte[] json = JSON.writeValueAsBytes(members());
          frame(Kind.MEMBERS, "", 0, json.length);
          out.write(json);
        }
        if (name != null) {
          send(name);
          if (hasFirst(name)) {
            first.remove(name);
          }
        }
        // Not when there is nothing to send: that may never be.
        if (!caughtUp && (name == null || first.isEmpty())) {
          caughtUp = true;
          frame(Kind.CAUGHT_UP, "", 0, 0);
          out.flush();
        } else if (name == null) {
          frame(Kind.HEARTBEAT, "", 0, 0);
          out.flush();
        }
      }
    }

    private boolean hasFirst(String name) {
      Position at = sent.getOrDefault(name, Position.NONE);
      return diverged.contains(name) || at.txid() >= first.getOrDefault(name, 0L);
    }

    /** The next database with something to send, or null after a while. Flushes before it waits. */
    private @Nullable String next(boolean wait) throws IOException, InterruptedException {
      lock.lock();
      try {
        if (pending.isEmpty()) {
          lock.unlock();
          try {
            out.flush();
          } finally {
            lock.lock();
          }
          long left = wait ? TimeUnit.MILLISECONDS.toNanos(HEARTBEAT_MILLIS) : 0;
          while (pending.isEmpty() && !membersChanged && left > 0) {
            left = work.awaitNanos(left);
          }
        }
        if (pending.isEmpty()) {
          return null;
        }
        String name = pending.iterator().next();
        pending.remove(name);
        return name;
      } finally {
        lock.unlock();
      }
    }

    private void send(String name) throws IOException, InterruptedException {
      Database database = databases.get(name);
      if (database == null || database.position().equals(Position.NONE)) {
        return;
      }
      if (diverged.contains(name)) {
        return;
      }
      Position from = sent.getOrDefault(name, Position.NONE);
      if (!from.equals(Position.NONE) && !database.log().contains(from)) {
        diverged.add(name);
        frame(Kind.DIVERGED, name, database.position().txid(), 0);
        return;
      }
      List<LogEntry> entries = database.log().after(from.txid(), TURN);
      if (entries.isEmpty() && from.txid() < database.position().txid()) {
        sendSnapshot(database);
        return;
      }
      for (LogEntry entry : entries) {
        frame(Kind.LTX, name, database.position().txid(), entry.length());
        try (LtxSource source = database.log().source(entry)) {
          copy(source);
        }
        sent.put(name, entry.position());
      }
      if (entries.size() == TURN) {
        add(name);
      } else if (entries.isEmpty()) {
        frame(Kind.CURRENT, name, database.position().txid(), 0);
      }
    }

    private void copy(LtxSource source) throws IOException {
      for (long at = 0; at < source.size(); ) {
        int n = (int) Math.min(buffer.capacity(), source.size() - at);
        source.readFully(at, buffer.clear().limit(n));
        buffer.flip().get(bytes, 0, n);
        out.write(bytes, 0, n);
        at += n;
      }
    }

    private void sendSnapshot(Database database) throws IOException, InterruptedException {
      try (SnapshotFile snapshot = make(database)) {
        frame(
            Kind.SNAPSHOT,
            database.name(),
            database.position().txid(),
            Files.size(snapshot.path()));
        Files.copy(snapshot.path(), out);
        sent.put(database.name(), snapshot.position());
      }
      add(database.name());
    }

    /** Makes a snapshot, which may take long, and says meanwhile that this node is alive. */
    private SnapshotFile make(Database database) throws IOException, InterruptedException {
      CompletableFuture<SnapshotFile> made =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return snapshots.make(database, true);
                } catch (IOException e) {
                  throw new UncheckedIOException(e.getMessage(), e);
                }
              });
      try {
        while (true) {
          out.flush();
          try {
            return made.get(HEARTBEAT_MILLIS, TimeUnit.MILLISECONDS);
          } catch (TimeoutException e) {
            frame(Kind.HEARTBEAT, "", 0, 0);
          }
        }
      } catch (ExecutionException e) {
        Throwable why = e.getCause() == null ? e : e.getCause();
        throw new IOException(why.getMessage(), why);
      } catch (IOException | InterruptedException e) {
        // The follower has left, or this node stops.
        var unused = made.thenAccept(StreamServer::discard);
        throw e;
      }
    }

    private void frame(Kind kind, String name, long head, long payloadBytes) throws IOException {
      new Frame(kind, name, head, System.currentTimeMillis(), payloadBytes).writeTo(out);
    }

    @Override
    public void close() {
      databases.unlisten(this);
    }
  }
}
