package dev.sluice.cli;

import dev.sluice.ltx.Position;
import dev.sluice.ltx.Txid;
import dev.sluice.restore.RestorePoint;
import dev.sluice.restore.RestorePreview;
import dev.sluice.restore.RestoreResult;
import dev.sluice.restore.StoredFile;
import dev.sluice.store.StoreUrl;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a restore did, or would do, for people or programs. */
final class RestoreReport {
  /** So many files of a plan are shown one by one. */
  private static final int SHOWN_FILES = 20;

  private final PrintWriter out;
  private final boolean json;

  RestoreReport(PrintWriter out, boolean json) {
    this.out = out;
    this.json = json;
  }

  void print(Path output, StoreUrl url, RestoreResult result) throws IOException {
    if (json) {
      Show.json(out, fields(output.toString(), url, result));
      return;
    }
    out.println(output + " is restored");
    print(result);
  }

  /** The fields of a result, one a line. */
  void print(RestoreResult result) {
    boolean known = !result.position().equals(Position.NONE);
    field(
        "position",
        (known ? result.position().toString() : "unknown")
            + (result.verified() ? ", verified" : " (the backup has no checksum to compare)"));
    Duration ago = Duration.between(result.time(), Instant.now());
    field("committed", RestorePoint.local(result.time()) + ", " + Show.span(ago) + " ago");
    field(
        "size",
        "%s, %s pages of %s bytes"
            .formatted(
                Show.bytes((long) result.pages() * result.pageSize()),
                Show.count(result.pages()),
                Show.count(result.pageSize())));
    field("read", Show.bytes(result.bytesRead()) + " of " + files(result.files().size()));
    field("took", Show.span(result.duration()));
  }

  static Map<String, Object> fields(String output, StoreUrl url, RestoreResult result) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("output", output);
    fields.put("store", url.toString());
    fields.put("position", result.position().toString());
    fields.put("verified", result.verified());
    fields.put("time", result.time().toString());
    fields.put("pageSize", result.pageSize());
    fields.put("pages", result.pages());
    fields.put("sizeBytes", (long) result.pages() * result.pageSize());
    fields.put("readBytes", result.bytesRead());
    fields.put("files", result.files().size());
    fields.put("millis", result.duration().toMillis());
    return fields;
  }

  void print(Path output, StoreUrl url, RestorePreview preview) throws IOException {
    if (json) {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("output", output.toString());
      fields.put("store", url.toString());
      fields.put("txid", Txid.format(preview.txid()));
      fields.put("time", preview.time().toString());
      fields.put("readBytes", preview.readBytes());
      fields.put("sizeBytes", preview.sizeBytes() < 0 ? null : preview.sizeBytes());
      fields.put("files", preview.files().stream().map(RestoreReport::file).toList());
      Show.json(out, fields);
      return;
    }
    out.println(output + " would be restored from " + url);
    field("txid", preview.txid() == 0 ? "unknown" : Txid.format(preview.txid()));
    field("committed", RestorePoint.local(preview.time()));
    field("size", preview.sizeBytes() < 0 ? "unknown" : Show.bytes(preview.sizeBytes()));
    field(
        "read",
        "at most " + Show.bytes(preview.readBytes()) + " of " + files(preview.files().size()));
    List<StoredFile> files = preview.files();
    for (StoredFile file : files.subList(0, Math.min(SHOWN_FILES, files.size()))) {
      out.println("    " + file.key() + "  " + Show.bytes(file.sizeBytes()));
    }
    if (files.size() > SHOWN_FILES) {
      out.println("    and " + Show.count(files.size() - SHOWN_FILES) + " more");
    }
  }

  private static Map<String, Object> file(StoredFile file) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("key", file.key());
    fields.put("level", file.level());
    fields.put("sizeBytes", file.sizeBytes());
    return fields;
  }

  private static String files(int count) {
    return Show.count(count) + (count == 1 ? " file" : " files");
  }

  private void field(String name, String value) {
    out.printf("  %-10s %s%n", name, value);
  }
}
