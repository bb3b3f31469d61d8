package dev.sluice.node;

import java.util.List;

/**
 * The last minutes of one database on one node, a number a step, oldest first. What a node does not
 * know is 0.
 *
 * @param nodeId of the node
 * @param endMillis when the last step ended, ms since the epoch
 * @param stepMillis how long a step is
 * @param commits transactions taken into the log
 * @param commitMicros how long cutting one took, the mean; 0 where they came from another node
 * @param lagMillis how far the readers of a follower were behind
 */
public record DatabaseHistory(
    String nodeId,
    long endMillis,
    long stepMillis,
    List<Integer> commits,
    List<Integer> commitMicros,
    List<Integer> lagMillis) {
  public DatabaseHistory {
    commits = List.copyOf(commits);
    commitMicros = List.copyOf(commitMicros);
    lagMillis = List.copyOf(lagMillis);
  }
}
