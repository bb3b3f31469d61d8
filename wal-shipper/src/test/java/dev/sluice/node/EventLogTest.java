package dev.sluice.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.node.Event.Change;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class EventLogTest {
  private final EventLog log =
      new EventLog(Clock.fixed(Instant.parse("2026-11-26T08:00:00Z"), ZoneOffset.UTC));

  private void publish(int n) {
    log.publish(EventKind.ROLE_CHANGED, null, "event " + n);
  }

  private static List<Long> ids(List<Event> events) {
    return events.stream().map(Event::id).toList();
  }

  @Test
  void isReadFromWhereOneStands() {
    for (int i = 1; i <= 5; i++) {
      publish(i);
    }
    assertThat(ids(log.after(0, 3))).containsExactly(1L, 2L, 3L);
    assertThat(ids(log.after(3, 10))).containsExactly(4L, 5L);
    assertThat(log.after(5, 10)).isEmpty();
    assertThat(ids(log.last(2))).containsExactly(4L, 5L);
    assertThat(ids(log.last(100))).hasSize(5);
  }

  @Test
  void whoKnowsEventsOfBeforeTheStartGetsAll() {
    publish(1);
    assertThat(ids(log.after(4711, 10))).containsExactly(1L);
  }

  @Test
  void theOldestAreForgotten() {
    for (int i = 1; i <= EventLog.CAPACITY + 7; i++) {
      publish(i);
    }
    assertThat(log.after(0, Integer.MAX_VALUE)).hasSize(EventLog.CAPACITY);
    assertThat(log.after(0, 1).get(0).id()).isEqualTo(8);
  }

  @Test
  void listenersHearOfWhatComes() {
    List<Event> heard = new ArrayList<>();
    publish(1);
    log.listen(heard::add);
    Event raised =
        log.publish(
            EventKind.DISK_LOW, Severity.ERROR, Change.RAISED, null, "4 MB free; make room");
    assertThat(heard).containsExactly(raised);
    assertThat(raised.time()).isEqualTo("2026-11-26T08:00:00.000Z");
  }
}
