package dev.sluice.cli.system.history;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.system.history.Violation.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Made-up histories: one that is right, and each kind of violation. Times are in microseconds. */
class CheckerTest {
  private static final String DB = "app.db";

  private final List<Write> writes = new ArrayList<>();
  private final List<Read> reads = new ArrayList<>();
  private final List<Handoff> handoffs = new ArrayList<>();
  private final List<Disturbance> disturbances = new ArrayList<>();
  private final List<Disturbance> stops = new ArrayList<>();
  private final List<String> last = new ArrayList<>();
  private final Set<String> aside = new HashSet<>();
  private Durability durability = Durability.ASYNC;
  private long micros = 1_000_000;

  /** The next write of a node: in an epoch of it, at the next moment. */
  private Write write(int node, Outcome outcome, long epoch) {
    return write(node, outcome, epoch, epoch, false);
  }

  private Write write(int node, Outcome outcome, long before, long after, boolean register) {
    int sequence = 1 + (int) writes.stream().filter(each -> each.node() == node).count();
    long start = (micros += 10_000) * 1_000;
    Write write =
        new Write(
            node,
            sequence,
            DB,
            register,
            start,
            start + 100_000,
            start + 200_000,
            outcome,
            before,
            after);
    writes.add(write);
    return write;
  }

  /** Acknowledged, and there in the end. */
  private Write kept(int node, long epoch) {
    Write write = write(node, Outcome.OK, epoch);
    last.add(write.token());
    return write;
  }

  private void read(int node, @Nullable Write waited, Write... seen) {
    whole(node, waited, null, null, seen);
  }

  private void whole(
      int node,
      @Nullable Write waited,
      @Nullable Write register,
      @Nullable String torn,
      Write... seen) {
    long start = (micros += 10_000) * 1_000;
    reads.add(
        new Read(
            node,
            DB,
            start,
            start + 100_000,
            waited == null ? null : waited.token(),
            List.of(seen).stream().map(Write::token).toList(),
            register == null ? null : register.token(),
            torn));
  }

  private List<Kind> kinds() {
    History history =
        new History(3, writes, reads, handoffs, disturbances, stops, Map.of(DB, last), aside);
    return new Checker(durability)
        .violations(history).stream().map(Violation::kind).distinct().toList();
  }

  private void isRight() {
    assertThat(kinds()).isEmpty();
  }

  private void is(Kind... expected) {
    assertThat(kinds()).containsExactlyInAnyOrder(expected);
  }

  @Test
  void nothing() {
    isRight();
  }

  @Test
  void aFailoverWithALoss() {
    Write a = kept(1, 1);
    write(2, Outcome.FAILED, 0);
    Write b = kept(1, 1);
    read(2, a, a);
    Write c = write(1, Outcome.OK, 1);
    aside.add(c.token());
    read(1, null, a, b, c);
    write(1, Outcome.UNKNOWN, 1, 0, false);
    Write d = kept(2, 2);
    read(1, d, a, b, d);
    read(3, null, a);
    isRight();
  }

  @Test
  void anUnknownWriteIsThere() {
    kept(1, 1);
    last.add(write(1, Outcome.UNKNOWN, 1).token());
    kept(1, 1);
    isRight();
  }

  @Test
  void acknowledgedAfterTheNextEpochBegan() {
    Write late = kept(1, 1);
    kept(2, 2);
    writes.set(0, until(late, writes.get(1).commitNanos() + 2_000_000));
    is(Kind.TWO_PRIMARIES);
  }

  /** It was under way when its node was stopped, and its client could not ask again. */
  @Test
  void acknowledgedAfterTheNextEpochBeganByANodeThatHadStopped() {
    Write late = write(1, Outcome.OK, 1, 0, false);
    last.add(late.token());
    kept(2, 2);
    writes.set(0, until(late, writes.get(1).commitNanos() + 2_000_000));
    is(Kind.TWO_PRIMARIES);
  }

  /** It was taken before its node was stopped, and the client heard of it afterwards. */
  @Test
  void heardOfAfterTheNextEpochBegan() {
    Write late = kept(1, 1);
    Write stopped = write(1, Outcome.OK, 1, 0, false);
    last.add(stopped.token());
    kept(2, 2);
    stopped = until(stopped, writes.get(2).commitNanos() + 2_000_000);
    writes.set(1, stopped);
    stops.add(new Disturbance(1, stopped.commitNanos() - 1, stopped.commitNanos() + 1));
    isRight();
    writes.set(0, until(late, writes.get(2).commitNanos() + 2_000_000));
    stops.set(0, new Disturbance(1, late.commitNanos() - 2, late.commitNanos() - 1));
    is(Kind.TWO_PRIMARIES);
  }

  @Test
  void acknowledgedWithinTheWindow() {
    Write late = kept(1, 1);
    kept(2, 2);
    writes.set(0, until(late, writes.get(1).commitNanos() + 50_000));
    isRight();
  }

  /** It may have waited for its lock until the other had let go. */
  @Test
  void begunBeforeTheEpochBefore() {
    Write waits = kept(2, 2);
    Write before = write(1, Outcome.OK, 1);
    last.add(0, before.token());
    long commit = before.endNanos() + 1;
    writes.set(
        0, new Write(2, 1, DB, false, waits.startNanos(), commit, commit + 100, Outcome.OK, 0, 2));
    isRight();
  }

  private static Write until(Write write, long endNanos) {
    return new Write(
        write.node(),
        write.sequence(),
        DB,
        write.register(),
        write.startNanos(),
        write.commitNanos(),
        endNanos,
        write.outcome(),
        write.before(),
        write.after());
  }

  @Test
  void twoNodesLeadInOneEpoch() {
    kept(1, 1);
    kept(2, 1);
    is(Kind.TWO_PRIMARIES);
  }

  @Test
  void lostWithoutAFailover() {
    kept(1, 1);
    aside.add(write(1, Outcome.OK, 1).token());
    is(Kind.LOST);
  }

  @Test
  void lostInAHandoff() {
    kept(1, 1);
    aside.add(write(1, Outcome.OK, 1).token());
    kept(2, 2);
    handoffs.add(new Handoff(1, 2));
    is(Kind.LOST);
  }

  /** The one that the lease was given to did not take it, and another may lack something. */
  @Test
  void lostInAHandoffThatFailed() {
    kept(1, 1);
    aside.add(write(1, Outcome.OK, 1).token());
    kept(3, 2);
    handoffs.add(new Handoff(1, 2));
    isRight();
  }

  @Test
  void lostInAFailoverAfterAHandoff() {
    kept(1, 1);
    aside.add(write(1, Outcome.OK, 1).token());
    aside.add(write(2, Outcome.OK, 2).token());
    kept(3, 3);
    handoffs.add(new Handoff(1, 2));
    isRight();
  }

  @Test
  void lostAndNotSavedAside() {
    kept(1, 1);
    write(1, Outcome.OK, 1);
    kept(2, 2);
    is(Kind.LOST);
  }

  @Test
  void lostThoughAllNodesHadIt() {
    Write lost = write(1, Outcome.OK, 1);
    aside.add(lost.token());
    read(2, null, lost);
    read(3, null, lost);
    kept(2, 2);
    is(Kind.LOST);
  }

  /** Node 3, without it, became the primary, though node 2 was well. */
  @Test
  void lostThoughANodeThatWasWellHadIt() {
    lostFromNode2();
    is(Kind.LOST);
  }

  @Test
  void lostAndTheNodeThatHadItWasNotWell() {
    Read had = lostFromNode2();
    disturbances.add(new Disturbance(2, had.endNanos(), had.endNanos() + 1));
    isRight();
  }

  private Read lostFromNode2() {
    Write lost = write(1, Outcome.OK, 1);
    aside.add(lost.token());
    read(2, null, lost);
    micros += 2 * LossCheck.SHARED_NANOS / 1_000;
    aside.add(write(1, Outcome.OK, 1).token());
    kept(3, 2);
    return reads.get(0);
  }

  @Test
  void lostThoughALaterOneIsThere() {
    aside.add(write(1, Outcome.OK, 1).token());
    kept(1, 1);
    kept(2, 2);
    is(Kind.LOST);
  }

  @Test
  void lostWithADurabilityThatForbidsIt() {
    kept(1, 1);
    aside.add(write(1, Outcome.OK, 1).token());
    kept(2, 2);
    for (Durability each : Durability.values()) {
      durability = each;
      is(each == Durability.ASYNC ? new Kind[0] : new Kind[] {Kind.LOST});
    }
  }

  @Test
  void twice() {
    last.add(kept(1, 1).token());
    is(Kind.TWICE);
  }

  @Test
  void twiceInARead() {
    Write a = kept(1, 1);
    read(2, null, a, a);
    is(Kind.TWICE, Kind.GAP);
  }

  @Test
  void whatFailed() {
    last.add(write(1, Outcome.FAILED, 1).token());
    is(Kind.INVENTED);
  }

  @Test
  void whatFailedInARead() {
    read(1, null, write(1, Outcome.FAILED, 1));
    is(Kind.INVENTED);
  }

  @Test
  void whatNobodyWrote() {
    last.add(Write.token(3, 1));
    is(Kind.INVENTED);
  }

  @Test
  void whatWasWrittenElsewhere() {
    Write a = kept(1, 1);
    writes.set(
        0,
        new Write(
            1,
            1,
            "other.db",
            false,
            a.startNanos(),
            a.commitNanos(),
            a.endNanos(),
            Outcome.OK,
            1,
            1));
    aside.add(a.token());
    is(Kind.INVENTED, Kind.LOST);
  }

  @Test
  void anotherOrder() {
    Write a = write(1, Outcome.OK, 1);
    kept(1, 1);
    last.add(a.token());
    is(Kind.ORDER);
  }

  @Test
  void anotherOrderInARead() {
    Write a = write(1, Outcome.UNKNOWN, 1);
    Write b = write(1, Outcome.UNKNOWN, 1);
    read(1, null, b, a);
    is(Kind.ORDER);
  }

  @Test
  void aTornRead() {
    Write a = kept(1, 1);
    whole(2, null, null, "2 rows, but total says 1", a);
    is(Kind.TORN);
  }

  @Test
  void theRegister() {
    Write a = write(1, Outcome.OK, 1, 1, true);
    last.add(a.token());
    Write b = kept(1, 1);
    whole(2, null, null, null);
    whole(2, null, a, null, a);
    whole(2, null, a, null, a, b);
    isRight();
    whole(2, null, null, null, a, b);
    is(Kind.TORN);
  }

  @Test
  void lacksWhatWasGranted() {
    Write a = kept(1, 1);
    Write b = kept(1, 1);
    read(2, b, a);
    is(Kind.STALE);
  }

  /** Granted, and taken back by a failover before it was read. */
  @Test
  void lacksWhatWasGrantedAndIsLost() {
    Write a = kept(1, 1);
    Write b = write(1, Outcome.OK, 1);
    aside.add(b.token());
    kept(3, 2);
    read(2, b, a);
    isRight();
  }

  @Test
  void lacksWhatItsNodeAcknowledged() {
    Write a = kept(1, 1);
    kept(1, 1);
    read(2, null, a);
    isRight();
    read(1, null, a);
    is(Kind.STALE);
  }

  @Test
  void lacksWhatItsNodeShowedBefore() {
    Write a = kept(1, 1);
    Write b = kept(1, 1);
    read(2, null, a, b);
    read(2, null, a);
    is(Kind.STALE);
  }

  @Test
  void lacksOneBeforeAnother() {
    Write a = kept(1, 1);
    kept(1, 1);
    Write c = kept(1, 1);
    read(2, null, a, c);
    is(Kind.GAP);
  }
}
