package dev.sluice.ltx;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.ltx.Vectors.Vector;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Files that another implementation wrote. */
class VectorsTest {
  static List<Vector> vectors() {
    return Vectors.all();
  }

  @ParameterizedTest
  @MethodSource("vectors")
  void headerAndTrailer(Vector vector) throws Exception {
    try (LtxFile file = LtxFile.open(LtxSource.of(ByteBuffer.wrap(vector.bytes())), "v")) {
      LtxHeader header =
          new LtxHeader(
              vector.expected().get("flags").asInt(),
              vector.expected().get("pageSize").asInt(),
              vector.expected().get("commit").asInt(),
              vector.hex("minTxid"),
              vector.hex("maxTxid"),
              vector.expected().get("timestampMillis").asLong(),
              vector.hex("preApplyChecksum"),
              vector.expected().get("walOffset").asLong(),
              vector.expected().get("walSize").asLong(),
              vector.expected().get("walSalt1").intValue(),
              (int) vector.expected().get("walSalt2").asLong(),
              vector.hex("nodeId"));
      assertThat(file.header()).isEqualTo(header);
      assertThat(file.trailer())
          .isEqualTo(new LtxTrailer(vector.hex("postApplyChecksum"), vector.hex("fileChecksum")));
      assertThat(file.sizeBytes()).isEqualTo(vector.expected().get("size").asLong());
      assertThat(file.index().count()).isEqualTo(vector.expected().get("pageCount").asInt());
    }
  }

  @ParameterizedTest
  @MethodSource("vectors")
  void pagesInOrderAndByIndex(Vector vector) throws Exception {
    byte[] bytes = vector.bytes();
    TreeMap<Integer, Long> crcs = new TreeMap<>();
    try (LtxDecoder decoder = LtxDecoder.open(new ByteArrayInputStream(bytes), "v");
        LtxFile file = LtxFile.open(LtxSource.of(ByteBuffer.wrap(bytes)), "v")) {
      ByteBuffer page = ByteBuffer.allocate(file.header().pageSize());
      while (decoder.next()) {
        crcs.put(decoder.pgno(), crc32(decoder.page()));
        assertThat(file.readPage(decoder.pgno(), page.clear())).isTrue();
        assertThat(page.flip()).isEqualTo(decoder.page());
      }
      assertThat(decoder.trailer()).isEqualTo(file.trailer());
      assertThat(file.readPage(file.header().commit() + 1, page.clear())).isFalse();
    }
    assertThat(crcs).hasSize(vector.expected().get("pageCount").asInt());
    for (JsonNode page : array(vector, "pages")) {
      assertThat(crcs)
          .containsEntry(page.get("pgno").asInt(), Long.parseLong(page.get("crc32").asText(), 16));
    }
  }

  @ParameterizedTest
  @MethodSource("vectors")
  void index(Vector vector) throws Exception {
    try (LtxFile file = LtxFile.open(LtxSource.of(ByteBuffer.wrap(vector.bytes())), "v")) {
      PageIndex index = file.index();
      if (vector.expected().has("index")) {
        vector
            .expected()
            .get("index")
            .properties()
            .forEach(
                entry -> {
                  int at = index.find(Integer.parseInt(entry.getKey()));
                  assertThat(at).isNotNegative();
                  assertThat(index.offset(at)).isEqualTo(entry.getValue().get(0).asLong());
                  assertThat(index.size(at)).isEqualTo(entry.getValue().get(1).asInt());
                });
      }
    }
  }

  @Test
  void databases() throws Exception {
    TreeMap<Integer, byte[]> chain = new TreeMap<>();
    int checked = 0;
    for (Vector vector : vectors()) {
      if (!vector.expected().has("databaseSha256")) {
        continue;
      }
      boolean chained = vector.file().startsWith("chain/");
      TreeMap<Integer, byte[]> pages = chained ? chain : new TreeMap<>();
      LtxHeader header = apply(vector.bytes(), pages);
      assertThat(sha256(header, pages)).as(vector.file()).isEqualTo(vector.text("databaseSha256"));
      if (header.hasChecksums()) {
        assertThat(checksum(header, pages)).isEqualTo(vector.hex("postApplyChecksum"));
      }
      checked++;
    }
    assertThat(checked).isGreaterThanOrEqualTo(14);
  }

  @Test
  void pagesAsLz4Frames() throws Exception {
    byte[] bytes = Vectors.bytes("legacy-lz4-frame/snapshot-512.ltx");
    TreeMap<Integer, byte[]> pages = new TreeMap<>();
    LtxHeader header = apply(bytes, pages);
    assertThat(header.commit()).isEqualTo(10);
    assertThat(pages).hasSize(10);
    try (LtxFile file = LtxFile.open(LtxSource.of(ByteBuffer.wrap(bytes)), "v")) {
      assertThat(file.trailer().postApplyChecksum()).isEqualTo(checksum(header, pages));
      ByteBuffer page = ByteBuffer.allocate(512);
      for (int pgno = 1; pgno <= 10; pgno++) {
        assertThat(file.readPage(pgno, page.clear())).isTrue();
        assertThat(page.array()).isEqualTo(pages.get(pgno));
      }
    }
  }

  /** Decodes a file into {@code pages}, as a reader that applies it would. */
  private static LtxHeader apply(byte[] bytes, NavigableMap<Integer, byte[]> pages)
      throws IOException {
    try (LtxDecoder decoder = LtxDecoder.open(LtxSource.of(ByteBuffer.wrap(bytes)), "v")) {
      while (decoder.next()) {
        byte[] page = new byte[decoder.page().remaining()];
        decoder.page().get(page);
        pages.put(decoder.pgno(), page);
      }
      pages.tailMap(decoder.header().commit(), false).clear();
      return decoder.header();
    }
  }

  private static long checksum(LtxHeader header, NavigableMap<Integer, byte[]> pages) {
    long xor = 0;
    for (int pgno : pages.keySet()) {
      xor ^= Checksums.page(pgno, ByteBuffer.wrap(pages.get(pgno)));
    }
    assertThat(pages).doesNotContainKey(Checksums.lockPage(header.pageSize()));
    return Checksums.database(xor);
  }

  private static String sha256(LtxHeader header, NavigableMap<Integer, byte[]> pages)
      throws NoSuchAlgorithmException {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    byte[] zeros = new byte[header.pageSize()];
    for (int pgno = 1; pgno <= header.commit(); pgno++) {
      digest.update(pages.getOrDefault(pgno, zeros));
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static Iterable<JsonNode> array(Vector vector, String field) {
    JsonNode node = vector.expected().get(field);
    return node == null || node.isNull() ? List.of() : node;
  }

  private static long crc32(ByteBuffer page) {
    CRC32 crc = new CRC32();
    crc.update(page.duplicate());
    return crc.getValue();
  }
}
