package dev.sluice.cli.system;

import dev.sluice.ltx.LtxDecoder;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What the transactions that a node has saved aside would bring back. Stateless. */
final class AsideTokens {
  private static final Pattern TOKEN = Pattern.compile("[0-9]-[0-9]{6};");

  private AsideTokens() {}

  /** All tokens in the pages of LTX files below a directory; each is read whole and checked. */
  static Set<String> in(Path directory) throws IOException {
    Set<String> tokens = new HashSet<>();
    if (!Files.exists(directory)) {
      return tokens;
    }
    List<Path> files;
    try (Stream<Path> all = Files.walk(directory)) {
      files = all.filter(file -> file.toString().endsWith(".ltx")).toList();
    }
    for (Path file : files) {
      try (InputStream in = Files.newInputStream(file);
          LtxDecoder decoder = LtxDecoder.open(in, file.toString())) {
        while (decoder.next()) {
          Matcher found =
              TOKEN.matcher(StandardCharsets.ISO_8859_1.decode(decoder.page().duplicate()));
          while (found.find()) {
            tokens.add(found.group());
          }
        }
      }
    }
    return tokens;
  }
}
