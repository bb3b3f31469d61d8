package dev.sluice.sqlite;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** What a WAL holds: the valid frames up to the last commit, and where each commit ends. */
public final class WalScan {
  /**
   * One transaction.
   *
   * @param firstFrame its first frame, from 1
   * @param lastFrame its last frame, the one that carries the commit
   * @param pageCount size of the database in pages after it
   * @param checksum cumulative checksum up to its last frame
   */
  public record Commit(int firstFrame, int lastFrame, int pageCount, long checksum) {}

  private final WalHeader header;
  private final int[] pgnos;
  private final List<Commit> commits;

  private WalScan(WalHeader header, int[] pgnos, List<Commit> commits) {
    this.header = header;
    this.pgnos = pgnos;
    this.commits = commits;
  }

  /** Reads a whole WAL; empty when it has no valid header. */
  public static Optional<WalScan> of(ReadAt file) throws IOException {
    Optional<WalReader> opened = WalReader.open(file);
    if (opened.isEmpty()) {
      return Optional.empty();
    }
    WalReader reader = opened.get();
    int[] pgnos = new int[1024];
    List<Commit> commits = new ArrayList<>();
    int committed = 0;
    while (reader.next()) {
      int frame = reader.frame();
      if (frame > pgnos.length) {
        pgnos = Arrays.copyOf(pgnos, pgnos.length * 2);
      }
      pgnos[frame - 1] = reader.pgno();
      if (reader.commit() != 0) {
        commits.add(new Commit(committed + 1, frame, reader.commit(), reader.checksum()));
        committed = frame;
      }
    }
    int[] kept = Arrays.copyOf(pgnos, committed);
    return Optional.of(new WalScan(reader.header(), kept, List.copyOf(commits)));
  }

  public WalHeader header() {
    return header;
  }

  /** The transactions, oldest first. */
  public List<Commit> commits() {
    return commits;
  }

  /** Number of frames up to the last commit. */
  public int frameCount() {
    return pgnos.length;
  }

  /** The page that frame {@code frame}, from 1, holds. */
  public int pgno(int frame) {
    return pgnos[frame - 1];
  }

  /** The newest frame of each page as of {@code commit}. */
  public FrameMap framesAt(Commit commit) {
    return FrameMap.of(pgnos, commit.lastFrame());
  }
}
