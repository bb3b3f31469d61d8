package dev.sluice.cli;

import dev.sluice.ltx.LtxFile;
import dev.sluice.ltx.LtxSource;
import dev.sluice.ltx.Txid;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** LTX files of one database, oldest first. */
final class LtxInputs implements Closeable {
  private final List<LtxFile> files = new ArrayList<>();

  private LtxInputs() {}

  /** Opens one file. */
  static LtxFile open(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      throw new UserException(path + " is a directory", "name the files in it: " + path + "/*.ltx");
    }
    return LtxFile.open(LtxSource.of(path), path.toString());
  }

  /** Opens files that follow each other. */
  static LtxInputs openChain(List<Path> paths) throws IOException {
    LtxInputs inputs = new LtxInputs();
    try {
      for (Path path : paths) {
        inputs.files.add(open(path));
      }
      for (int i = 1; i < inputs.files.size(); i++) {
        checkFollows(inputs.files.get(i - 1), inputs.files.get(i));
      }
      return inputs;
    } catch (IOException | RuntimeException e) {
      inputs.close();
      throw e;
    }
  }

  private static void checkFollows(LtxFile before, LtxFile next) throws UserException {
    long expected = before.header().maxTxid() + 1;
    if (next.header().minTxid() != expected) {
      throw new UserException(
          next.name()
              + " begins at TXID "
              + Txid.format(next.header().minTxid())
              + ", but "
              + before.name()
              + " ends at "
              + Txid.format(before.header().maxTxid()),
          "give the files in order, the next from TXID " + Txid.format(expected));
    }
    if (before.header().hasChecksums()
        && next.header().hasChecksums()
        && next.header().preApplyChecksum() != before.trailer().postApplyChecksum()) {
      throw new UserException(
          next.name()
              + " begins at checksum "
              + Txid.format(next.header().preApplyChecksum())
              + ", but "
              + before.name()
              + " ends at "
              + Txid.format(before.trailer().postApplyChecksum()),
          "they are of different databases or histories: take files of one");
    }
  }

  List<LtxFile> files() {
    return files;
  }

  LtxFile first() {
    return files.get(0);
  }

  LtxFile last() {
    return files.get(files.size() - 1);
  }

  long sizeBytes() {
    return files.stream().mapToLong(LtxFile::sizeBytes).sum();
  }

  @Override
  public void close() throws IOException {
    for (LtxFile file : files) {
      file.close();
    }
  }
}
