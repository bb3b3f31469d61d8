package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Run;
import dev.sluice.restore.RestorePoint;
import dev.sluice.restore.StoreLayout;
import dev.sluice.restore.StoreListing;
import dev.sluice.restore.StoredFile;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.StoreUrl;
import dev.sluice.store.Stores;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The backup of one database in a store, as Sluice reads it. */
final class BackupStore {
  private final Sandbox sandbox;
  private final String url;

  BackupStore(Sandbox sandbox, String url) {
    this.sandbox = sandbox;
    this.url = url;
  }

  String url() {
    return url;
  }

  /** Where the last restore lies. */
  Path restored() {
    return sandbox.path("sluice-restored.db");
  }

  /** What {@code sluice restore} makes of it. */
  byte[] restore(Object... options) throws IOException {
    List<Object> command = new ArrayList<>(List.of("restore", url, "-o", restored(), "--force"));
    command.addAll(List.of(options));
    Run run = Run.sluice(command);
    assertThat(run.status()).as(run.err()).isZero();
    return Files.readAllBytes(restored());
  }

  /** The states that can be restored, in the order of their TXIDs. */
  List<RestorePoint> points() throws IOException {
    return listing().restorePoints();
  }

  /** All files, level by level. */
  List<StoredFile> files() throws IOException {
    return listing().files();
  }

  private StoreListing listing() throws IOException {
    StoreUrl parsed = StoreUrl.parse(url);
    // For a directory the store is that of the backup itself.
    try (ObjectStore store = Stores.open(parsed)) {
      return StoreListing.read(store, StoreLayout.of(parsed.scheme(), ""));
    }
  }
}
