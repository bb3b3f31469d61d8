package dev.sluice.cli.system.history;

import java.util.List;

/**
 * Judges histories, in the manner of Jepsen: by what clients did and saw alone.
 *
 * <pre>
 *   writes      1-000001; ok   1-000002; ok │ 1-000003; unknown    2-000004; ok
 *                  epoch 1, node 1          │ a failover           epoch 2, node 2
 *   last        1-000001;                                          2-000004;
 *   aside                      1-000002;
 * </pre>
 */
public final class Checker {
  private final List<Check> checks;

  /**
   * @param durability what the nodes promise with an acknowledgement
   */
  public Checker(Durability durability) {
    checks =
        List.of(
            new OneWriterCheck(),
            new LossCheck(durability),
            new OnceCheck(),
            new OrderCheck(),
            new ReadCheck(),
            new RegisterCheck());
  }

  /** Everything in it that must not be; a few of each kind. */
  public List<Violation> violations(History history) {
    return checks.stream().flatMap(check -> check.violations(history).limit(5)).toList();
  }
}
