package dev.sluice.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class DirectoryStoreTest extends ObjectStoreContract {
  private static final Clock STOPPED =
      Clock.fixed(Instant.parse("2026-11-23T14:00:00Z"), ZoneOffset.UTC);

  private Path root() {
    return directory.resolve("not/yet/there");
  }

  @Override
  protected ObjectStore open() {
    return new DirectoryStore(root());
  }

  @Test
  void anAbsentDirectoryIsAnEmptyStore() throws IOException {
    assertThat(list("", "")).isEmpty();
    assertThat(store.head("a")).isEmpty();
    assertThat(root()).doesNotExist();
  }

  @Test
  void aFileShowsTheTimeOfItsContent() throws IOException {
    store.put(
        "ltx/0/a.ltx",
        ByteSource.of(new byte[1]),
        Map.of(ObjectStore.TIMESTAMP, "2026-11-23T12:56:30.991123456Z"),
        PutCondition.IF_ABSENT);

    Instant time = Instant.parse("2026-11-23T12:56:30.991123456Z");
    assertThat(Files.getLastModifiedTime(root().resolve("ltx/0/a.ltx")).toInstant())
        .isEqualTo(time);
    assertThat(store.head("ltx/0/a.ltx").orElseThrow().lastModified()).isEqualTo(time);
    assertThatThrownBy(
            () ->
                store.put(
                    "b",
                    ByteSource.of(new byte[1]),
                    Map.of(ObjectStore.TIMESTAMP, "soon"),
                    PutCondition.NONE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'soon'");
  }

  @Test
  void othersSeeOnlyTheObjectAndHiddenFiles() throws IOException {
    store.put("ltx/0/a.ltx", ByteSource.of(new byte[1]), Map.of("k", "v"), PutCondition.IF_ABSENT);

    try (Stream<Path> entries = Files.list(root().resolve("ltx/0"))) {
      assertThat(entries.map(p -> String.valueOf(p.getFileName())))
          .containsExactlyInAnyOrder("a.ltx", ".sluice-meta", ".sluice-lock");
    }
    assertThat(list("", "")).containsExactly("ltx/0/a.ltx");
  }

  @Test
  void filesOfOthersAreObjects() throws IOException {
    Files.createDirectories(root().resolve("x"));
    Files.writeString(root().resolve("x/y"), "theirs");
    Files.createSymbolicLink(root().resolve("x/dangling"), Path.of("nowhere"));

    assertThat(read("x/y")).isEqualTo("theirs");
    assertThat(list("x/", "")).containsExactly("x/y");
    assertThatThrownBy(
            () -> store.put("x/y", ByteSource.of(new byte[1]), Map.of(), PutCondition.IF_ABSENT))
        .isInstanceOf(PreconditionFailedException.class);
  }

  @Test
  void onlyStaleTemporaryFilesAreRemoved() throws IOException {
    Files.createDirectories(root());
    Path stale = Files.writeString(root().resolve(".sluice-tmp-1-0"), "left by a crash");
    Files.setLastModifiedTime(stale, FileTime.from(Instant.now().minusSeconds(100_000)));
    Path fresh = Files.writeString(root().resolve(".sluice-tmp-2-0"), "being written");

    assertThat(list("", "")).isEmpty();
    put("a", "x");

    assertThat(stale).doesNotExist();
    assertThat(fresh).exists();
  }

  @Test
  void etagsNeverComeBackEvenWhenTheClockStands() throws IOException {
    ObjectStore stopped = new DirectoryStore(root(), STOPPED);
    Set<Etag> etags = new HashSet<>();
    for (int i = 0; i < 50; i++) {
      etags.add(stopped.put("lease", ByteSource.of(new byte[] {1}), Map.of(), PutCondition.NONE));
    }
    assertThat(etags).hasSize(50);
  }

  @Test
  void anOrphanedSidecarMeansNothing() throws IOException {
    store.put("a", ByteSource.of(new byte[1]), Map.of("k", "old"), PutCondition.NONE);
    Files.delete(root().resolve("a")); // As after a crash between sidecar and object.

    assertThat(store.head("a")).isEmpty();
    store.put("a", ByteSource.of(new byte[1]), Map.of(), PutCondition.IF_ABSENT);
    assertThat(store.head("a").orElseThrow().metadata()).isEmpty();
  }

  @Test
  void errorsSayWhatAndWhere() throws IOException {
    put("a", "x");
    put("b/c", "x");

    assertThatThrownBy(() -> put("a/below", "x"))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith(store + ": put 'a/below': ");
    assertThatThrownBy(() -> put("b", "x"))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith(store + ": put 'b': ");
  }

  @Test
  void aFullDiskIsReportedWithWhatToDo() throws IOException {
    Path full = Path.of("/dev/full");
    assumeTrue(Files.isWritable(full));
    // The temporary file cannot be /dev/full itself: its content is what fails to be written.
    ByteSource content =
        new ByteSource() {
          @Override
          public long sizeBytes() {
            return 1;
          }

          @Override
          public InputStream open() throws IOException {
            Files.write(full, "x".getBytes(UTF_8));
            throw new AssertionError("/dev/full took a byte");
          }
        };

    assertThatThrownBy(() -> store.put("a", content, Map.of(), PutCondition.NONE))
        .isInstanceOf(StoreUnavailableException.class)
        .hasMessageContaining("no space left for it; free some on the file system of " + root());
    assertThat(list("", "")).isEmpty();
  }

  @Test
  void largeObjectsOfAnySizeAreStoredWhole() throws IOException {
    byte[] bytes = new byte[(33 << 20) + 4097];
    new Random(3).nextBytes(bytes);
    Path file = Files.write(directory.resolve("large"), bytes);
    store.put("from/memory", ByteSource.of(bytes), Map.of(), PutCondition.IF_ABSENT);
    store.put("from/file", ByteSource.of(file), Map.of(), PutCondition.IF_ABSENT);
    for (String key : List.of("from/memory", "from/file")) {
      try (InputStream in = store.get(key, ByteRange.ALL)) {
        assertThat(in.readAllBytes()).isEqualTo(bytes);
      }
    }
  }

  @Test
  void aFileThatStaysAsItIsIsTakenOverByALink() throws IOException {
    byte[] bytes = new byte[70_000];
    new Random(4).nextBytes(bytes);
    Path file = Files.write(directory.resolve("final"), bytes);
    store.put("a/b", ByteSource.ofFinal(file), Map.of("x", "y"), PutCondition.IF_ABSENT);
    assertThat(Files.isSameFile(root().resolve("a/b"), file)).isTrue();
    assertThat(store.head("a/b").orElseThrow().metadata()).containsEntry("x", "y");
    assertThatThrownBy(
            () -> store.put("a/b", ByteSource.ofFinal(file), Map.of(), PutCondition.IF_ABSENT))
        .isInstanceOf(PreconditionFailedException.class);
    Files.delete(file);
    try (InputStream in = store.get("a/b", ByteRange.ALL)) {
      assertThat(in.readAllBytes()).isEqualTo(bytes);
    }
  }

  @Test
  void aFileOfAnotherFileSystemIsCopied() throws IOException {
    Path other = Path.of("/dev/shm");
    assumeTrue(
        Files.isWritable(other) && !Files.getFileStore(other).equals(Files.getFileStore(directory)),
        "needs a second file system");
    Path file = Files.createTempFile(other, "content", "");
    try {
      Files.write(file, new byte[] {1, 2, 3});
      store.put("a", ByteSource.ofFinal(file), Map.of(), PutCondition.IF_ABSENT);
      Files.write(file, new byte[] {4});
      try (InputStream in = store.get("a", ByteRange.ALL)) {
        assertThat(in.readAllBytes()).containsExactly(1, 2, 3);
      }
    } finally {
      Files.delete(file);
    }
  }

  @Test
  void aFileThatHasChangedIsNotTaken() throws IOException {
    Path file = Files.write(directory.resolve("final"), new byte[10]);
    ByteSource content = ByteSource.ofFinal(file);
    Files.write(file, new byte[11]);
    assertThatThrownBy(() -> store.put("a", content, Map.of(), PutCondition.IF_ABSENT))
        .hasMessageContaining("did " + file + " change?");
    assertThat(list("", "")).isEmpty();
  }
}
