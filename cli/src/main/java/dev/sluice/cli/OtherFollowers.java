package dev.sluice.cli;

import dev.sluice.access.Access;
import dev.sluice.follow.Member;
import dev.sluice.log.Database;
import dev.sluice.log.Databases;
import dev.sluice.ltx.Position;
import dev.sluice.node.DatabaseStatus;
import dev.sluice.node.NodeClient;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Those who follow the primary beside this node: the most advanced is to be the next primary. */
final class OtherFollowers {
  private static final Logger log = LoggerFactory.getLogger(OtherFollowers.class);

  private static final long ASK_MILLIS = 1_000;

  private final Access access;
  private final String nodeId;
  private final Databases databases;

  OtherFollowers(Access access, String nodeId, Databases databases) {
    this.access = access;
    this.nodeId = nodeId;
    this.databases = databases;
  }

  /** Whether one that answers has more transactions than this node. */
  boolean isOneAhead(List<Member> members) {
    List<CompletableFuture<Boolean>> asked = new ArrayList<>();
    for (Member member : members) {
      String url = member.url();
      if (url != null && !member.node().equals(nodeId)) {
        asked.add(CompletableFuture.supplyAsync(() -> isAhead(url)));
      }
    }
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ASK_MILLIS);
    for (CompletableFuture<Boolean> one : asked) {
      try {
        if (one.get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS)) {
          return true;
        }
      } catch (ExecutionException | TimeoutException e) {
        log.debug("a node that does not answer is not waited for", e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return false;
  }

  /** Asks one; one that does not answer is not. */
  private boolean isAhead(String url) {
    try {
      Map<String, Long> theirs = new HashMap<>();
      for (DatabaseStatus database : new NodeClient(URI.create(url), access).status().databases()) {
        theirs.put(database.name(), Position.parse(database.position()).txid());
      }
      long more = 0;
      for (Database database : databases.all()) {
        more += theirs.getOrDefault(database.name(), 0L) - database.position().txid();
        theirs.remove(database.name());
      }
      return more + theirs.values().stream().mapToLong(Long::longValue).sum() > 0;
    } catch (IOException | IllegalArgumentException e) {
      return false;
    }
  }
}
