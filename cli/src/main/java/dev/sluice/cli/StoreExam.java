package dev.sluice.cli;

import dev.sluice.store.ByteRange;
import dev.sluice.store.ByteSource;
import dev.sluice.store.Etag;
import dev.sluice.store.ObjectInfo;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.PreconditionFailedException;
import dev.sluice.store.PutCondition;
import dev.sluice.store.StoreUrl;
import dev.sluice.store.Stores;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Puts, reads, lists and deletes an object of its own in a store, as a node would. One thread.
 *
 * <p>The object lies below a prefix that is no database and no file of a backup, so neither Sluice
 * nor Litestream ever looks at it.
 */
final class StoreExam {
  /** Where its objects lie; nothing else does. */
  static final String PREFIX = "sluice-doctor/";

  /** A clock that is off by more makes moments of restores, and leases, hard to understand. */
  static final Duration TOLERANCE = Duration.ofSeconds(2);

  private final StoreUrl url;
  private final String directory = PREFIX + UUID.randomUUID();
  private final String key = directory + "/object";
  private final List<Finding> findings = new ArrayList<>();

  private StoreExam(StoreUrl url) {
    this.url = url;
  }

  static List<Finding> of(StoreUrl url) {
    StoreExam exam = new StoreExam(url);
    try (ObjectStore store = Stores.open(url)) {
      exam.examine(store);
    } catch (IllegalArgumentException e) {
      exam.fail(
          "can't be opened: " + e.getMessage(), "correct its URL; docs/stores.md has the forms");
    } catch (IOException | RuntimeException e) {
      exam.fail(
          Errors.line(e),
          "check its URL, the credentials, and what they may do: put, get, list, delete");
    }
    return exam.findings;
  }

  private String name() {
    return "store " + url;
  }

  private void fail(String what, String whatToDo) {
    findings.add(Finding.failed(name(), what, whatToDo));
  }

  private void examine(ObjectStore store) throws IOException {
    long start = System.nanoTime();
    try {
      Instant before = Instant.now();
      byte[] content = ("sluice doctor " + before + "\n").getBytes(StandardCharsets.UTF_8);
      Etag etag = store.put(key, ByteSource.of(content), Map.of(), PutCondition.IF_ABSENT);
      Instant after = Instant.now();
      if (!isRead(store, content)) {
        fail("what is read is not what was put", "use another store: this one loses data");
        return;
      }
      clock(store.head(key).orElse(null), before, after);
      if (!isListed(store)) {
        findings.add(
            Finding.warning(
                name(),
                "what was put is not in the listing yet",
                "expect restores to miss the newest files for a moment"));
      }
      conditions(store, content, etag);
    } finally {
      store.delete(List.of(key));
      removeDirectory();
    }
    if (store.head(key).isPresent()) {
      fail("what was deleted is still there: " + key, "let the credentials delete, too");
      return;
    }
    Duration took = Duration.ofNanos(System.nanoTime() - start);
    findings.add(0, Finding.ok(name(), "put, read, listed and deleted in " + Show.span(took)));
  }

  /** What a store of files leaves where it has put something: directories, and its lock there. */
  private void removeDirectory() throws IOException {
    if (!url.scheme().equals("file")) {
      return;
    }
    Path own = Path.of(url.path()).resolve(directory);
    try (Stream<Path> left = Files.exists(own) ? Files.walk(own) : Stream.empty()) {
      for (Path path : left.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
    try {
      Files.deleteIfExists(own.getParent());
    } catch (DirectoryNotEmptyException e) {
      // Somebody else looks at the store at this moment.
    }
  }

  private boolean isRead(ObjectStore store, byte[] content) throws IOException {
    try (InputStream in = store.get(key, ByteRange.ALL)) {
      return Arrays.equals(in.readAllBytes(), content);
    }
  }

  private boolean isListed(ObjectStore store) throws IOException {
    try (Stream<ObjectInfo> objects = store.list(PREFIX, "")) {
      return objects.anyMatch(object -> object.key().equals(key));
    }
  }

  /** A put that must be refused: of what is there, and of what somebody else has replaced. */
  private void conditions(ObjectStore store, byte[] content, Etag first) throws IOException {
    String check = name() + ", conditions";
    try {
      store.put(key, ByteSource.of(content), Map.of(), PutCondition.IF_ABSENT);
      findings.add(
          Finding.warning(
              check,
              "a put of what is there already is not refused",
              "let one node only write there, and keep no lease in it"));
      return;
    } catch (PreconditionFailedException e) {
      // As it must be.
    }
    byte[] other = Arrays.copyOf(content, content.length + 1);
    store.put(key, ByteSource.of(other), Map.of(), PutCondition.ifMatch(first));
    try {
      store.put(key, ByteSource.of(content), Map.of(), PutCondition.ifMatch(first));
      findings.add(
          Finding.warning(
              check, "a put over a version that is gone is not refused", "keep no lease in it"));
    } catch (PreconditionFailedException e) {
      findings.add(Finding.ok(check, "puts with a condition are refused when it does not hold"));
    }
  }

  /** Times of objects are those of the server; it may cut them to seconds. */
  private void clock(@Nullable ObjectInfo info, Instant before, Instant after) {
    if (info == null) {
      return;
    }
    Instant time = info.lastModified();
    Instant earliest = before.minusSeconds(1);
    Duration off =
        time.isBefore(earliest)
            ? Duration.between(time, earliest)
            : time.isAfter(after) ? Duration.between(after, time) : Duration.ZERO;
    String check = name() + ", clock";
    if (off.compareTo(TOLERANCE) > 0) {
      findings.add(
          Finding.warning(
              check,
              "the clock of this machine is "
                  + Show.span(off)
                  + (time.isAfter(after) ? " behind" : " ahead of")
                  + " the store's",
              "set it, best by NTP (timedatectl set-ntp true)"));
    } else {
      findings.add(Finding.ok(check, "as that of this machine, within " + Show.span(TOLERANCE)));
    }
  }
}
