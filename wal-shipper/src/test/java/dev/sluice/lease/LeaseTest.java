package dev.sluice.lease;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.lease.Lease.State;
import dev.sluice.lease.Lease.View;
import dev.sluice.lease.MemoryRegister.Fault;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class LeaseTest {
  private static final Duration TTL = Duration.ofSeconds(10);

  private final MemoryRegister register = new MemoryRegister();
  private final FakeClocks clocksOfA = new FakeClocks(-5_000_000_000L, 1_800_000_000_000L);
  private final FakeClocks clocksOfB = new FakeClocks(Long.MAX_VALUE - 77, 0);
  private final Lease a = lease("a", clocksOfA);
  private final Lease b = lease("b", clocksOfB);

  private Lease lease(String node, FakeClocks clocks) {
    return new Lease(register, node, "http://" + node, TTL, clocks);
  }

  private void pass(long millis) {
    clocksOfA.pass(millis);
    clocksOfB.pass(millis);
  }

  private static boolean take(Lease lease) throws IOException {
    return lease.tryAcquire(lease.look(), null);
  }

  private static LeaseRecord record(View view) {
    return Objects.requireNonNull(view.record());
  }

  @Test
  void takenRenewedAndGivenBack() throws IOException {
    assertThat(a.look()).isEqualTo(new View(State.FREE, null));
    assertThat(a.isHeld()).isFalse();
    assertThat(a.epoch()).isZero();

    assertThat(take(a)).isTrue();

    assertThat(a.isHeld()).isTrue();
    assertThat(a.epoch()).isEqualTo(1);
    assertThat(a.leftMillis()).isEqualTo(9_000);
    assertThat(a.look().state()).isEqualTo(State.HELD);
    assertThat(b.look().state()).isEqualTo(State.HELD);
    assertThat(take(b)).isFalse();

    pass(8_999);
    assertThat(a.leftMillis()).isEqualTo(1);
    assertThat(a.renew()).isTrue();
    pass(8_999);
    assertThat(a.isHeld()).isTrue();

    a.release("b");

    assertThat(a.isHeld()).isFalse();
    assertThat(a.epoch()).isZero();
    assertThat(a.renew()).isFalse();
    View free = b.look();
    assertThat(free.state()).isEqualTo(State.FREE);
    assertThat(free.epoch()).isEqualTo(1);
    assertThat(record(free).successor()).isEqualTo("b");
    assertThat(record(free).url()).isEqualTo("http://a");
    assertThat(b.tryAcquire(free, List.of("a"))).isTrue();
    assertThat(b.epoch()).isEqualTo(2);
    assertThat(register.record().inSync()).containsExactly("a");
    assertThat(register.record().successor()).isNull();
  }

  @Test
  void theHolderStopsBeforeAnotherMayBegin() throws IOException {
    take(a);
    assertThat(b.look().state()).isEqualTo(State.HELD);

    pass(9_000);
    assertThat(a.isHeld()).isFalse();
    assertThat(a.leftMillis()).isZero();
    assertThat(a.epoch()).as("nobody else has it").isEqualTo(1);
    pass(1_000);
    assertThat(take(b)).isFalse();
    pass(1);

    View expired = b.look();
    assertThat(expired.state()).isEqualTo(State.EXPIRED);
    assertThat(b.tryAcquire(expired, null)).isTrue();
    assertThat(b.epoch()).isEqualTo(2);
    assertThat(a.renew()).isFalse();
    assertThat(a.epoch()).isZero();
  }

  @Test
  void clocksMayDifferInSpeed() throws IOException {
    take(a);
    b.look();
    while (!take(b)) {
      clocksOfA.pass(95);
      clocksOfB.pass(105);
    }
    assertThat(a.isHeld()).isFalse();
  }

  @Test
  void aHolderThatWasLateGoesOnWhereNobodyElseBegan() throws IOException {
    take(a);
    b.look();
    pass(60_000);

    assertThat(a.isHeld()).isFalse();
    assertThat(a.renew()).isTrue();

    assertThat(a.isHeld()).isTrue();
    assertThat(a.epoch()).isEqualTo(1);
    assertThat(take(b)).isFalse();
  }

  @Test
  void onlyARecordThatStaysExpires() throws IOException {
    take(a);
    for (int i = 0; i < 20; i++) {
      pass(6_000);
      assertThat(a.renew()).isTrue();
      assertThat(b.look().state()).isEqualTo(State.HELD);
    }
    // And one that was never read before counts from now.
    pass(60_000);
    assertThat(lease("c", clocksOfB).look().state()).isEqualTo(State.HELD);
  }

  /** Its own time to live counts, not that of who looks. */
  @Test
  void nodesMayHaveDifferentTimesToLive() throws IOException {
    Lease longer = new Lease(register, "c", null, Duration.ofSeconds(60), clocksOfA);
    take(longer);
    b.look();
    pass(53_999);
    assertThat(longer.isHeld()).isTrue();
    assertThat(take(b)).isFalse();
    pass(6_002);
    assertThat(take(b)).isTrue();
  }

  @Test
  void epochsOnlyGrow() throws IOException {
    List<Long> epochs = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      take(a);
      epochs.add(a.epoch());
      a.release(null);
      take(b);
      epochs.add(b.epoch());
      a.look();
      pass(10_001);
    }
    assertThat(epochs).isSorted().doesNotHaveDuplicates().hasSize(8);
  }

  @Test
  void whatWasJudgedMustStillBeThere() throws IOException {
    take(a);
    b.look();
    pass(10_001);
    View expired = b.look();
    a.renew();

    assertThat(b.tryAcquire(expired, null)).as("over what was read").isFalse();
    b.look();
    assertThat(b.tryAcquire(expired, null)).as("another thread has read on").isFalse();
    assertThat(b.tryAcquire(new View(State.FREE, register.record()), null)).isFalse();
    assertThat(a.isHeld()).isTrue();
  }

  /** The holder must not go on from what it has only read. */
  @Test
  void aRenewalReplacesNothingOfAnother() throws IOException {
    take(a);
    b.look();
    pass(10_001);
    take(b);

    assertThat(record(a.look()).holder()).isEqualTo("b");
    assertThat(a.renew()).isFalse();
    assertThat(a.keepInSync(a.epoch(), List.of())).isFalse();
    a.release("a");

    assertThat(register.record().holder()).isEqualTo("b");
    assertThat(b.isHeld()).isTrue();
    assertThat(b.renew()).isTrue();
  }

  @Test
  void lookingTellsThatItIsLost() throws IOException {
    take(a);
    // As if somebody had taken it by force.
    register.set(new LeaseRecord(7, "another", 1, "b", null, 10_000, null, null).bytes());

    a.look();

    assertThat(a.isHeld()).isFalse();
    assertThat(a.epoch()).isZero();
    assertThat(a.renew()).isFalse();
  }

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {"ANSWER_LOST", "REPEATED"})
  void aWriteWhoseAnswerIsLostCounts(Fault fault) throws IOException {
    View free = a.look();
    register.faults.add(fault);
    assertThat(a.tryAcquire(free, null)).isTrue();
    assertThat(a.isHeld()).isTrue();
    assertThat(a.epoch()).isEqualTo(1);

    pass(5_000);
    register.faults.add(fault);
    assertThat(a.renew()).isTrue();
    assertThat(a.leftMillis()).isEqualTo(9_000);

    register.faults.add(fault);
    a.release(null);
    assertThat(a.isHeld()).isFalse();
    assertThat(b.look().state()).isEqualTo(State.FREE);
  }

  @Test
  void whereNothingIsKnownTheOldTimeRunsOn() throws IOException {
    take(a);
    pass(5_000);
    register.faults.addAll(List.of(Fault.ANSWER_LOST, Fault.REQUEST_LOST));
    assertThatThrownBy(a::renew).isInstanceOf(IOException.class).hasMessage("the answer was lost");
    assertThat(a.leftMillis()).isEqualTo(4_000);

    assertThat(a.renew()).as("the lost one is found and replaced").isTrue();
    assertThat(a.leftMillis()).isEqualTo(9_000);
    assertThat(a.epoch()).isEqualTo(1);
  }

  @Test
  void anAcquisitionThatIsNotKnownIsNoHold() throws IOException {
    View free = a.look();
    register.faults.addAll(List.of(Fault.ANSWER_LOST, Fault.REQUEST_LOST));
    assertThatThrownBy(() -> a.tryAcquire(free, null)).isInstanceOf(IOException.class);
    assertThat(a.isHeld()).isFalse();
    assertThat(a.renew()).isFalse();

    assertThat(take(a)).isTrue();
    assertThat(a.epoch()).isEqualTo(2);
  }

  @Test
  void aReleaseThatIsNotKnownIsOne() throws IOException {
    take(a);
    register.faults.addAll(List.of(Fault.REQUEST_LOST, Fault.REQUEST_LOST));

    assertThatThrownBy(() -> a.release(null)).isInstanceOf(IOException.class);

    assertThat(a.isHeld()).isFalse();
    assertThat(a.renew()).isFalse();
    assertThat(b.look().state()).isEqualTo(State.HELD);
    pass(10_001);
    assertThat(take(b)).isTrue();
  }

  /**
   * A request that was given up is written at 1 s and read by B. When A finds that record at 8 s,
   * it must not count from then: B takes it for expired at 11 s.
   */
  @Test
  void whatArrivesLateGivesNoTime() throws IOException {
    View free = a.look();
    register.faults.add(Fault.LATE);
    assertThatThrownBy(() -> a.tryAcquire(free, null)).hasMessage("no answer in time");
    pass(1_000);
    register.arrive(0);
    assertThat(b.look().state()).isEqualTo(State.HELD);
    pass(7_000);

    assertThat(a.tryAcquire(free, null)).isFalse();

    assertThat(a.isHeld()).isFalse();
  }

  @Test
  void aRenewalThatArrivesLateIsReplaced() throws IOException {
    take(a);
    pass(1_000);
    register.faults.add(Fault.LATE);
    assertThatThrownBy(a::renew).hasMessage("no answer in time");
    register.faults.add(Fault.LATE);
    assertThatThrownBy(a::renew).hasMessage("no answer in time");
    register.arrive(1);
    pass(1_000);
    b.look();
    assertThat(a.leftMillis()).isEqualTo(7_000);

    assertThat(a.renew()).isTrue();

    register.arrive(0);
    assertThat(register.record().renewal()).isEqualTo(5);
    assertThat(a.leftMillis()).isEqualTo(9_000);

    register.faults.add(Fault.LATE);
    assertThatThrownBy(a::renew).hasMessage("no answer in time");
    register.arrive(0);
    a.release(null);
    assertThat(b.look().state()).isEqualTo(State.FREE);
  }

  @Test
  void timeCountsFromBeforeTheRequestAndFromAfterTheAnswer() throws IOException {
    View free = a.look();
    register.travel = () -> pass(1_000);
    assertThat(a.tryAcquire(free, null)).isTrue();
    assertThat(a.leftMillis()).isEqualTo(7_000);
    b.look();
    register.travel = () -> {};
    pass(10_000);
    assertThat(take(b)).isFalse();
    pass(1);
    assertThat(take(b)).isTrue();
  }

  @Test
  void theTimeOfDaySetForwardEndsIt() throws IOException {
    take(a);

    clocksOfA.setDay(3_600_000);

    assertThat(a.isHeld()).isFalse();
    assertThat(a.leftMillis()).isZero();
    assertThat(a.epoch()).isEqualTo(1);
    assertThat(a.renew()).isTrue();
    assertThat(a.isHeld()).isTrue();
  }

  @Test
  void theTimeThatAMachineSleptCounts() throws IOException {
    take(a);
    b.look();
    clocksOfA.setDay(4_000);
    clocksOfB.pass(4_000);
    assertThat(a.leftMillis()).isEqualTo(5_000);
    clocksOfA.setDay(5_000);
    clocksOfB.pass(5_000);
    assertThat(a.isHeld()).isFalse();
  }

  @Test
  void theTimeOfDaySetBackGivesNoTime() throws IOException {
    take(a);
    clocksOfA.setDay(-3_600_000);
    assertThat(a.leftMillis()).isEqualTo(9_000);
    pass(9_000);
    assertThat(a.isHeld()).isFalse();
  }

  @Test
  void aNodeThatStartsAgainTakesItsOwnBack() throws IOException {
    take(a);
    pass(1_000);
    Lease restarted = lease("a", new FakeClocks(0, 0));

    assertThat(restarted.look().state()).isEqualTo(State.EXPIRED);
    assertThat(take(restarted)).isTrue();

    assertThat(restarted.epoch()).isEqualTo(2);
  }

  @Test
  void aCopyOfANodeElsewhereTakesNothingBack() throws IOException {
    take(a);
    Lease copy = new Lease(register, "a", "http://elsewhere", TTL, clocksOfB);
    assertThat(copy.look().state()).isEqualTo(State.HELD);
    pass(10_001);
    assertThat(take(copy)).isTrue();
    assertThat(a.renew()).isFalse();
  }

  @Test
  void whoIsInSyncStaysWritten() throws IOException {
    take(a);
    assertThat(record(b.look()).isOpenTo("x", false)).isTrue();
    assertThat(a.keepInSync(a.epoch(), List.of("b"))).isTrue();
    assertThat(a.renew()).isTrue();
    LeaseRecord record = record(b.look());
    assertThat(record.inSync()).containsExactly("b");
    assertThat(
            List.of(
                record.isOpenTo("a", false),
                record.isOpenTo("b", false),
                record.isOpenTo("c", false)))
        .containsExactly(true, true, false);

    register.faults.addAll(List.of(Fault.REQUEST_LOST));
    assertThatThrownBy(() -> a.keepInSync(a.epoch(), List.of())).isInstanceOf(IOException.class);
    assertThat(register.record().inSync()).containsExactly("b");
    a.renew();
    assertThat(register.record().inSync()).isEmpty();

    a.release(null);
    assertThat(register.record().holder()).isNull();
    assertThat(register.record().isOpenTo("a", false)).as("it has everything itself").isTrue();
    assertThat(register.record().isOpenTo("b", false)).isFalse();
  }

  /** It may have been renewed just before. */
  @Test
  void aRecordThatIsGoneCountsForAllOfItsTime() throws IOException {
    take(a);
    pass(5_000);
    a.renew();
    assertThat(b.look().state()).isEqualTo(State.HELD);
    pass(5_000);
    register.set(null);

    assertThat(take(b)).isFalse();
    assertThat(a.renew()).isFalse();
    pass(10_001);
    assertThat(take(b)).isTrue();
    assertThat(b.epoch()).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "[]",
        "secret",
        "{}",
        "{\"epoch\":0,\"term\":\"t\",\"ttlMillis\":1}",
        "{\"epoch\":1,\"ttlMillis\":1}",
        "{\"epoch\":1,\"term\":\"t\",\"ttlMillis\":1,\"inSync\":[null]}",
        "{\"epoch\":1,\"term\":\"t\",\"ttlMillis\":1} x",
        "{\"epoch\":1,\"term\":\"t\"",
      })
  void whatIsNoLeaseIsNotTouched(String text) throws IOException {
    register.set(text.getBytes(UTF_8));

    assertThatThrownBy(a::look)
        .isExactlyInstanceOf(IOException.class)
        .hasMessageStartingWith("what is at memory is not a lease: ")
        .hasMessageEndingWith("; give the cluster another place, or delete it while no node runs");
    assertThatThrownBy(() -> a.tryAcquire(new View(State.FREE, null), null))
        .isExactlyInstanceOf(IOException.class);
    assertThat(new String(register.read().orElseThrow().value(), UTF_8)).isEqualTo(text);
  }

  @Test
  void recordsOfLaterVersionsAreRead() throws IOException {
    String text = "{\"epoch\":4,\"term\":\"t\",\"ttlMillis\":10000,\"holder\":\"z\",\"new\":{}}";
    register.set(text.getBytes(UTF_8));
    assertThat(a.look().state()).isEqualTo(State.HELD);
    assertThat(a.look().epoch()).isEqualTo(4);
  }

  @Test
  void noTwoRecordsAreAlike() throws IOException {
    Set<LeaseRecord> records = new HashSet<>();
    for (int i = 0; i < 3; i++) {
      take(a);
      records.add(register.record());
      a.renew();
      records.add(register.record());
      a.release(null);
      records.add(register.record());
      register.set(null);
      a.look();
    }
    assertThat(records).hasSize(9);
  }

  @Test
  void aTimeToLiveThatIsTooShortIsRefused() {
    assertThatThrownBy(() -> new Lease(register, "a", null, Duration.ofMillis(99), clocksOfA))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a lease of 99 ms: give it 100 ms");
  }
}
