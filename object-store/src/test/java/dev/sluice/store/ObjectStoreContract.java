package dev.sluice.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every store and every behaviour around one must do. */
public abstract class ObjectStoreContract {
  protected Path directory;
  protected ObjectStore store;

  /** A new, empty store. */
  protected abstract ObjectStore open() throws IOException;

  /** False for a store that can only look before it puts: two puts at once may both succeed. */
  protected boolean checksConditionsAtomically() {
    return true;
  }

  /** False for a store that sorts as UTF-16 does: keys beyond U+FFFF come before U+E000. */
  protected boolean listsByCodePoint() {
    return true;
  }

  @BeforeEach
  final void openStore(@TempDir Path temporary) throws IOException {
    directory = temporary;
    store = open();
  }

  @AfterEach
  final void closeStore() throws IOException {
    store.close();
  }

  protected final Etag put(String key, String text) throws IOException {
    return store.put(key, ByteSource.of(text.getBytes(UTF_8)), Map.of(), PutCondition.NONE);
  }

  protected final String read(String key) throws IOException {
    return read(key, ByteRange.ALL);
  }

  private String read(String key, ByteRange range) throws IOException {
    try (InputStream in = store.get(key, range)) {
      return new String(in.readAllBytes(), UTF_8);
    }
  }

  protected final List<String> list(String prefix, String startAfter) throws IOException {
    try (Stream<ObjectInfo> objects = store.list(prefix, startAfter)) {
      return objects.map(ObjectInfo::key).toList();
    }
  }

  @Test
  void whatIsPutIsRead() throws IOException {
    Etag etag = put("shop/app.db/ltx/0/a.ltx", "hello");

    assertThat(read("shop/app.db/ltx/0/a.ltx")).isEqualTo("hello");
    ObjectInfo info = store.head("shop/app.db/ltx/0/a.ltx").orElseThrow();
    assertThat(info.key()).isEqualTo("shop/app.db/ltx/0/a.ltx");
    assertThat(info.sizeBytes()).isEqualTo(5);
    assertThat(info.etag()).isEqualTo(etag);
    assertThat(info.metadata()).isEmpty();
    try (Stream<ObjectInfo> listed = store.list("", "")) {
      assertThat(listed).containsExactly(info);
    }
  }

  @Test
  void emptyAndLargeContent() throws IOException {
    byte[] large = new byte[3_000_017];
    new Random(1).nextBytes(large);
    Path file = Files.write(directory.resolve("large-source"), large);
    ByteBuffer direct = ByteBuffer.allocateDirect(large.length).put(large).flip();

    put("empty", "");
    store.put("path", ByteSource.of(file), Map.of(), PutCondition.NONE);
    store.put("direct", ByteSource.of(direct), Map.of(), PutCondition.NONE);

    assertThat(read("empty")).isEmpty();
    for (String key : List.of("path", "direct")) {
      try (InputStream in = store.get(key, ByteRange.ALL)) {
        assertThat(in.readAllBytes()).isEqualTo(large);
      }
    }
  }

  @Test
  void ranges() throws IOException {
    put("a", "0123456789");

    assertThat(read("a", new ByteRange(3, 4))).isEqualTo("3456");
    assertThat(read("a", ByteRange.from(8))).isEqualTo("89");
    assertThat(read("a", new ByteRange(8, 100))).isEqualTo("89");
    assertThat(read("a", new ByteRange(10, 1))).isEmpty();
    assertThat(read("a", new ByteRange(99, 1))).isEmpty();
    assertThat(read("a", new ByteRange(4, 0))).isEmpty();
  }

  @Test
  void readFullyFillsTheBufferOrSaysHowFarItCame() throws IOException {
    put("a", "0123456789");
    ByteBuffer buffer = ByteBuffer.allocate(6);

    buffer.position(1).limit(5);
    store.readFully("a", 2, buffer);

    assertThat(new String(buffer.array(), UTF_8)).isEqualTo("\0002345\000");
    assertThat(buffer.remaining()).isZero();
    assertThatThrownBy(() -> store.readFully("a", 7, ByteBuffer.allocate(6)))
        .isInstanceOf(EOFException.class)
        .hasMessageEndingWith("a @7: 6 bytes wanted, the object ends after 3");
    assertThatThrownBy(() -> store.readFully("b", 0, ByteBuffer.allocate(1)))
        .isInstanceOf(ObjectNotFoundException.class);
  }

  @Test
  void aMissingObjectIsNamed() throws IOException {
    put("here", "x");

    assertThat(store.head("there")).isEmpty();
    assertThat(store.head("here/below")).isEmpty();
    assertThatThrownBy(() -> read("there"))
        .isInstanceOf(ObjectNotFoundException.class)
        .hasMessageMatching(".+: no object '.*there'");
    assertThatThrownBy(() -> read("here/below")).isInstanceOf(ObjectNotFoundException.class);
  }

  @Test
  void aPrefixIsNoObject() throws IOException {
    put("a/b", "x");

    assertThat(store.head("a")).isEmpty();
    assertThatThrownBy(() -> read("a")).isInstanceOf(ObjectNotFoundException.class);
    store.delete(List.of("a"));
    assertThat(read("a/b")).isEqualTo("x");
  }

  @Test
  void listsInOrderOfKeys() throws IOException {
    // '-' and '.' sort before '/', '0' after; U+1F600 after U+FF21 as in UTF-8, not as in UTF-16.
    String last = listsByCodePoint() ? "\uD83D\uDE00" : "\uFF22";
    List<String> keys =
        List.of("a-b", "a.b", "a/b", "a/b.c/d", "a/b/c", "a0", "ab/c", "b", "\uFF21", last);
    List<String> shuffled = new ArrayList<>(keys);
    Collections.shuffle(shuffled, new Random(7));
    for (String key : shuffled) {
      if (!key.equals("a/b")) {
        put(key, key);
      }
    }
    List<String> present = keys.stream().filter(k -> !k.equals("a/b")).toList();

    assertThat(list("", "")).containsExactlyElementsOf(present);
    assertThat(list("a", "")).containsExactlyElementsOf(present.subList(0, 6));
    assertThat(list("a/", "")).containsExactly("a/b.c/d", "a/b/c");
    assertThat(list("a/b/", "")).containsExactly("a/b/c");
    assertThat(list("a/b", "a/b.c/d")).containsExactly("a/b/c");
    assertThat(list("", "a/b/c")).containsExactlyElementsOf(present.subList(4, 9));
    assertThat(list("a/", "a0")).isEmpty();
    assertThat(list("none/such", "")).isEmpty();
    assertThat(list("b/", "")).isEmpty();
  }

  @Test
  void putReplaces() throws IOException {
    Etag first = put("a", "one");
    Etag second = put("a", "two");

    assertThat(read("a")).isEqualTo("two");
    assertThat(second).isNotEqualTo(first);
  }

  @Test
  void ifAbsentKeepsTheFirst() throws IOException {
    store.put("a", ByteSource.of(new byte[] {'1'}), Map.of("who", "first"), PutCondition.IF_ABSENT);

    assertThatThrownBy(
            () ->
                store.put(
                    "a",
                    ByteSource.of(new byte[] {'2'}),
                    Map.of("who", "second"),
                    PutCondition.IF_ABSENT))
        .isInstanceOf(PreconditionFailedException.class)
        .hasMessageContaining("a' not stored");
    assertThat(read("a")).isEqualTo("1");
    assertThat(store.head("a").orElseThrow().metadata()).containsExactly(Map.entry("who", "first"));
  }

  @Test
  void ifMatchReplacesOnlyThatVersion() throws IOException {
    Etag first = put("lease", "1");
    Etag second =
        store.put("lease", ByteSource.of(new byte[] {'2'}), Map.of(), PutCondition.ifMatch(first));

    assertThat(store.head("lease").map(ObjectInfo::etag)).contains(second);
    assertThatThrownBy(
            () ->
                store.put(
                    "lease",
                    ByteSource.of(new byte[] {'3'}),
                    Map.of(),
                    PutCondition.ifMatch(first)))
        .isInstanceOf(PreconditionFailedException.class);
    assertThatThrownBy(
            () ->
                store.put(
                    "none", ByteSource.of(new byte[] {'3'}), Map.of(), PutCondition.ifMatch(first)))
        .isInstanceOf(PreconditionFailedException.class);
    assertThat(read("lease")).isEqualTo("2");
    assertThat(store.head("none")).isEmpty();
  }

  /** That they do may be unknown, as it is of what OpenDAL reaches. */
  @Test
  void saysWhenConditionsDoNotHoldAgainstOthers() throws IOException {
    store.put("a", ByteSource.of(new byte[1]), Map.of(), PutCondition.IF_ABSENT);

    assertThat(store.checksConditions() && !checksConditionsAtomically()).isFalse();
  }

  @Test
  void ofManyConditionalPutsOneWins() throws Exception {
    assumeTrue(checksConditionsAtomically(), "this store only looks before it puts");
    for (PutCondition condition :
        List.of(PutCondition.IF_ABSENT, PutCondition.ifMatch(put("matched", "0")))) {
      String key = condition.etag().isPresent() ? "matched" : "absent";
      List<Callable<Optional<Etag>>> puts = new ArrayList<>();
      for (int i = 1; i <= 8; i++) {
        byte[] content = {(byte) ('0' + i)};
        puts.add(
            () -> {
              try {
                return Optional.of(store.put(key, ByteSource.of(content), Map.of(), condition));
              } catch (PreconditionFailedException e) {
                return Optional.empty();
              }
            });
      }
      ExecutorService threads = Executors.newFixedThreadPool(4);
      try {
        List<Etag> winners = new ArrayList<>();
        for (Future<Optional<Etag>> put : threads.invokeAll(puts)) {
          put.get().ifPresent(winners::add);
        }
        assertThat(winners).hasSize(1);
        assertThat(store.head(key).orElseThrow().etag()).isEqualTo(winners.get(0));
      } finally {
        threads.shutdownNow();
      }
    }
  }

  @Test
  void metadataIsKeptAndReplaced() throws IOException {
    Map<String, String> metadata =
        Map.of(
            "sluice-position",
            "0000000000000012/c3a5: x=~",
            ObjectStore.TIMESTAMP,
            "2026-11-23T14:00:00.123456Z");
    store.put("a", ByteSource.of(new byte[1]), metadata, PutCondition.NONE);
    assertThat(store.head("a").orElseThrow().metadata()).isEqualTo(metadata);

    put("a", "no metadata");
    assertThat(store.head("a").orElseThrow().metadata()).isEmpty();
    assertThatThrownBy(
            () ->
                store.put("b", ByteSource.of(new byte[1]), Map.of("Upper", "x"), PutCondition.NONE))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(
            () ->
                store.put(
                    "b", ByteSource.of(new byte[1]), Map.of("a", "x\ny: z"), PutCondition.NONE))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(store.head("b")).isEmpty();
  }

  @Test
  void deleteTakesAnyNumberOfKeys() throws IOException {
    put("a/1", "x");
    put("a/2", "x");
    put("a/3", "x");

    store.delete(List.of("a/1", "a/3", "a/none"));
    store.delete(List.of());

    assertThat(list("", "")).containsExactly("a/2");
    assertThat(store.head("a/1")).isEmpty();
    store.put("a/1", ByteSource.of(new byte[1]), Map.of(), PutCondition.IF_ABSENT);
    assertThat(list("", "")).containsExactly("a/1", "a/2");
  }

  @Test
  void contentOfAnotherLengthThanAnnouncedIsNotStored() throws IOException {
    Path file = Files.write(directory.resolve("growing"), new byte[10]);
    ByteSource source = ByteSource.of(file);
    Files.write(file, new byte[11]);

    assertThatThrownBy(() -> store.put("a", source, Map.of(), PutCondition.NONE))
        .isInstanceOf(IOException.class);
    assertThat(store.head("a")).isEmpty();
    assertThat(list("", "")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/a",
        "a/",
        "a//b",
        "..",
        "a/../b",
        "./a",
        ".sluice-meta/a",
        "a/.sluice-x",
        "a\nb"
      })
  void badKeysAreRefused(String key) {
    assertThatThrownBy(() -> store.head(key)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store.get(key, ByteRange.ALL))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> put(key, "x")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store.delete(List.of(key)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void theTimeOfAnObjectIsRecentOrThatOfItsContent() throws IOException {
    Instant before = Instant.now().minusSeconds(60);
    put("now", "x");
    store.put(
        "then",
        ByteSource.of(new byte[1]),
        Map.of(ObjectStore.TIMESTAMP, "2020-01-02T03:04:05.678Z"),
        PutCondition.NONE);

    assertThat(store.head("now").orElseThrow().lastModified()).isAfter(before);
    assertThat(store.head("then").orElseThrow().metadata())
        .containsEntry(ObjectStore.TIMESTAMP, "2020-01-02T03:04:05.678Z");
  }
}
