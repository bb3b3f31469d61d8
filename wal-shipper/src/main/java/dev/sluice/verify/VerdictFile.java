package dev.sluice.verify;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collection;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the last verdicts over a restart, so that a node that is restarted every day still verifies
 * once a week. Not fsynced: what a loss of power takes is found again. For use by one thread.
 */
final class VerdictFile {
  private static final Logger log = LoggerFactory.getLogger(VerdictFile.class);

  private static final JsonMapper JSON =
      JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();

  private final Path file;

  VerdictFile(Path file) {
    this.file = file;
  }

  /** None when there is no file, or none that can be read. */
  List<Verdict> read() {
    if (!Files.exists(file)) {
      return List.of();
    }
    try {
      return List.of(JSON.readValue(file.toFile(), Verdict[].class));
    } catch (IOException e) {
      log.warn("{}: it can't be read, every backup is verified anew: {}", file, e.getMessage());
      return List.of();
    }
  }

  void write(Collection<Verdict> verdicts) throws IOException {
    Path whole = file.resolveSibling(file.getFileName() + ".new");
    Files.write(whole, JSON.writeValueAsBytes(verdicts));
    Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE);
  }
}
