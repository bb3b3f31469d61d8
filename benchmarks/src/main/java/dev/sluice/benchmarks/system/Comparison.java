package dev.sluice.benchmarks.system;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One workload natively and through the mount, round about.
 *
 * @param needed the least ratio to native that is good enough; null when there is none
 * @param aim the ratio that is aimed at; null when there is none
 * @param aimPerSecond the speed that is aimed at; null when there is none
 */
record Comparison(
    String name,
    Workload.Factory workload,
    @Nullable Double needed,
    @Nullable Double aim,
    @Nullable Double aimPerSecond) {
  private static final int ROUNDS = 5;

  /** Operations a second of some rounds. */
  record Speed(double lowest, double median, double highest) {
    static Speed of(double[] rounds) {
      double[] sorted = rounds.clone();
      Arrays.sort(sorted);
      return new Speed(sorted[0], sorted[sorted.length / 2], sorted[sorted.length - 1]);
    }
  }

  /**
   * What came out.
   *
   * @param operations in all rounds through the mount
   * @param used by Sluice in these rounds
   */
  record Result(Comparison of, Speed direct, Speed mounted, long operations, Usage used) {
    double ratio() {
      return mounted.median() / direct.median();
    }

    String verdict() {
      return of.verdict(ratio(), mounted.median());
    }
  }

  Result run(Path nativeDirectory, SluiceProcess sluice, long roundNanos)
      throws SQLException, IOException {
    double[] nativePerSecond = new double[ROUNDS];
    double[] mountPerSecond = new double[ROUNDS];
    long operations = 0;
    Usage used = Usage.NONE;
    try (Workload direct = workload.in(nativeDirectory);
        Workload mounted = workload.in(sluice.mountPoint())) {
      direct.round(roundNanos);
      mounted.round(roundNanos);
      for (int i = 0; i < ROUNDS; i++) {
        nativePerSecond[i] = direct.round(roundNanos).perSecond();
        Usage before = sluice.usage();
        Workload.Round round = mounted.round(roundNanos);
        used = used.plus(sluice.usage().minus(before));
        operations += round.operations();
        mountPerSecond[i] = round.perSecond();
      }
    }
    return new Result(this, Speed.of(nativePerSecond), Speed.of(mountPerSecond), operations, used);
  }

  private String verdict(double ratio, double perSecond) {
    if (needed != null && ratio < needed) {
      return "MISSED";
    }
    boolean reached =
        (aim == null || ratio >= aim) && (aimPerSecond == null || perSecond >= aimPerSecond);
    return reached ? "" : "below the aim";
  }
}
