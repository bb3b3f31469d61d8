package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.sluice.fuse.binding.FuseBinding;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A mount serves files and SQLite by either binding; each in processes of their own. */
@Timeout(value = 300, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FuseBindingTest {
  @ParameterizedTest
  @EnumSource(FuseBinding.class)
  void servesFilesAndDatabases(FuseBinding binding, @TempDir Path directory) throws Exception {
    assumeTrue(Files.isWritable(Path.of("/dev/fuse")), "no /dev/fuse here, or no right to use it");
    Path data = Files.createDirectory(directory.resolve("data"));
    Path mount = Files.createDirectory(directory.resolve("mount"));
    // The names of files need a UTF-8 locale; ./sluice sees to that by itself.
    Run run =
        Run.process(
            List.of("env", "LC_ALL=C.UTF-8", "timeout", "-k", "30", "240"),
            TestJvm.command(Main.class),
            List.of("mount", "--data", data, "--fuse-binding", binding, mount, "--"),
            TestJvm.command(MountWorkload.class),
            mount);
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out()).contains("the workload is done");
    assertThat(run.err()).doesNotContain("failed");

    assertThat(mount).isEmptyDirectory();
    assertThat(MountWorkload.describe(data.resolve("wal.db")))
        .isEqualTo(MountWorkload.sound(1 + 2 * MountWorkload.COMMITS));
    assertThat(MountWorkload.describe(data.resolve("rollback.db")))
        .isEqualTo(MountWorkload.sound(MountWorkload.COMMITS));
  }
}
