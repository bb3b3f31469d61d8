package dev.sluice.capture;

import java.util.HashMap;
import java.util.Map;

/** The newest committed frame of each page in a WAL, for reading a whole database. Immutable. */
final class FrameIndex {
  private final Map<Integer, Integer> newest = new HashMap<>();

  FrameIndex(WalTail wal) {
    for (int frame = 1; frame <= wal.committed(); frame++) {
      newest.put(wal.pgno(frame), frame);
    }
  }

  /** 0 when no frame has the page. */
  int newest(int pgno) {
    return newest.getOrDefault(pgno, 0);
  }
}
