package dev.sluice.lease;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A register in memory, with faults to inject. For one thread. */
final class MemoryRegister implements Register {
  /** What goes wrong with a request. */
  enum Fault {
    NONE,
    /** It does not arrive. */
    REQUEST_LOST,
    /** Its answer does not arrive. */
    ANSWER_LOST,
    /** A write that is repeated on the way, and refused by what its first try wrote. */
    REPEATED,
    /** A write that is given up, and arrives later: {@link #arrive}. */
    LATE
  }

  private static final class Write {
    final byte[] value;
    final @Nullable String before;

    Write(byte[] value, @Nullable Versioned before) {
      this.value = value;
      this.before = before == null ? null : before.version();
    }
  }

  private final List<Write> late = new ArrayList<>();
  private @Nullable Versioned there;
  private long writes;

  /** What happens to the next requests; {@link Fault#NONE} to those after. */
  final Deque<Fault> faults = new ArrayDeque<>();

  /** Runs before a request arrives and before its answer does. */
  Runnable travel = () -> {};

  @Override
  public Optional<Versioned> read() throws IOException {
    Fault fault = next();
    if (fault == Fault.REQUEST_LOST) {
      throw new IOException("the request was lost");
    }
    Optional<Versioned> answer = Optional.ofNullable(there);
    travel.run();
    if (fault != Fault.NONE) {
      throw new IOException("the answer was lost");
    }
    return answer;
  }

  @Override
  public Optional<String> write(byte[] value, @Nullable Versioned before) throws IOException {
    Write write = new Write(value, before);
    Fault fault = next();
    switch (fault) {
      case REQUEST_LOST -> throw new IOException("the request was lost");
      case LATE -> {
        late.add(write);
        throw new IOException("no answer in time");
      }
      default -> {
        Optional<String> version = apply(write);
        travel.run();
        if (fault == Fault.ANSWER_LOST) {
          throw new IOException("the answer was lost");
        }
        return fault == Fault.REPEATED ? Optional.empty() : version;
      }
    }
  }

  private Fault next() {
    travel.run();
    Fault fault = faults.poll();
    return fault == null ? Fault.NONE : fault;
  }

  private Optional<String> apply(Write write) {
    String version = there == null ? null : there.version();
    if (!Objects.equals(version, write.before)) {
      return Optional.empty();
    }
    there = new Versioned(write.value, "v" + ++writes);
    return Optional.of(there.version());
  }

  /** How many late writes there are. */
  int late() {
    return late.size();
  }

  /** Lets a late write arrive; it is dropped if something else was written meanwhile. */
  void arrive(int index) {
    apply(late.remove(index));
  }

  /** What somebody else leaves there. */
  void set(byte @Nullable [] value) {
    there = value == null ? null : new Versioned(value, "v" + ++writes);
  }

  LeaseRecord record() throws IOException {
    return LeaseRecord.parse(there == null ? new byte[0] : there.value(), this);
  }

  @Override
  public void close() {}

  @Override
  public String toString() {
    return "memory";
  }
}
