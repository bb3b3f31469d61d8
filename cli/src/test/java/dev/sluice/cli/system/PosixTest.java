package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What Linux promises of files, on the mount and, as the measure, on the filesystem below it. */
class PosixTest {
  /** In one round. */
  private static final int OPERATIONS = 1500;

  @RegisterExtension final Sandbox sandbox = new Sandbox();

  @BeforeEach
  void binding() {
    assumeTrue(Sandbox.BINDING.equals("device"), "the other binding has its limits");
  }

  @Test
  void whatTheDirectoryBelowDoes() throws Exception {
    sandbox.primary();
    Path plain = Files.createDirectory(sandbox.path("native"));
    Subprocess script = sandbox.python("posix.py", plain, sandbox.path("mnt"));
    assertThat(script.status()).as(script.toString()).isZero();
  }

  /** Random reads and writes of files with names that mean something to Sluice. */
  @Test
  void randomReadsAndWrites() throws Exception {
    sandbox.primary();
    long first = Campaign.seed();
    int rounds = Campaign.rounds(3);
    for (long seed = first; seed < first + rounds; seed++) {
      Subprocess script =
          sandbox.python("fsx.py", sandbox.path("mnt"), sandbox.path("data"), seed, OPERATIONS);
      try {
        assertThat(script.status()).as(script.toString()).isZero();
      } catch (AssertionError e) {
        throw Campaign.failed(seed, e);
      }
      sandbox.forget(script);
      if ((seed - first + 1) % 10 == 0) {
        System.out.println(
            seed - first + 1 + " of " + rounds + " rounds of random reads and writes");
      }
    }
  }
}
