package dev.sluice.access;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file with tokens, one a line, so that a new one can stand beside the old while both are in use.
 * Empty lines and those that begin with {@code #} count for nothing. Read again when it changed.
 * Safe for use by many threads.
 */
final class TokenFile implements TokenHolder {
  private static final Logger log = LoggerFactory.getLogger(TokenFile.class);

  private static final int MAX_BYTES = 64 << 10;

  /** What was read, and of which version of the file. */
  private record Content(FileVersion version, List<String> tokens) {}

  private final Path file;
  private volatile Content content;

  /**
   * @throws IOException when there is no token in it; the message says what to do
   */
  TokenFile(Path file) throws IOException {
    this.file = file;
    FileVersion version = FileVersion.of(file);
    content = new Content(version, read());
  }

  /**
   * Those that the file has now. One that can't be read any more, or holds none, allows nobody:
   * taking a file away takes its tokens back.
   */
  @Override
  public List<String> tokens() {
    FileVersion now = FileVersion.of(file);
    Content known = content;
    return now.equals(known.version()) ? known.tokens() : readAgain(now);
  }

  private synchronized List<String> readAgain(FileVersion now) {
    if (!now.equals(content.version())) {
      List<String> tokens;
      try {
        tokens = read();
        log.info("{}: the tokens were read again", file);
      } catch (IOException e) {
        tokens = List.of();
        log.error("{}; until then nobody is known by it", e.getMessage());
      }
      content = new Content(now, tokens);
    }
    return content.tokens();
  }

  private List<String> read() throws IOException {
    List<String> tokens;
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw new IOException(
            "token file "
                + file
                + ": more than "
                + MAX_BYTES
                + " bytes; give one with tokens only");
      }
      tokens =
          Files.readAllLines(file, StandardCharsets.UTF_8).stream()
              .map(String::strip)
              .filter(line -> !line.isEmpty() && !line.startsWith("#"))
              .toList();
    } catch (NoSuchFileException e) {
      throw new IOException(
          "token file " + file + ": no such file; make it with openssl rand -hex 32", e);
    } catch (AccessDeniedException e) {
      throw new IOException(
          "token file " + file + ": permission denied; let the user of Sluice read it", e);
    } catch (CharacterCodingException e) {
      throw new IOException("token file " + file + ": not text; give one with tokens only", e);
    }
    if (tokens.isEmpty()) {
      throw new IOException(
          "token file " + file + ": no token in it; make one with openssl rand -hex 32");
    }
    for (String token : tokens) {
      String fault = TokenFormat.fault(token);
      if (!fault.isEmpty()) {
        throw new IOException(
            "token file " + file + ": " + fault + "; make one with openssl rand -hex 32");
      }
    }
    warnOfOthers();
    return tokens;
  }

  private void warnOfOthers() throws IOException {
    try {
      if (Files.getPosixFilePermissions(file).contains(PosixFilePermission.OTHERS_READ)) {
        log.warn("{}: every user of this machine may read it; chmod o-r {}", file, file);
      }
    } catch (UnsupportedOperationException e) {
      log.debug("{}: its filesystem knows no modes", file, e);
    }
  }
}
