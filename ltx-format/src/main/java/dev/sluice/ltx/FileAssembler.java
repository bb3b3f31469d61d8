package dev.sluice.ltx;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Writes a file from batches of frames that come in order. One thread at a time. */
final class FileAssembler {
  private final LtxHeader header;
  private final LtxSink sink;
  private final PageOrder order = new PageOrder();
  private final IndexBytes index = new IndexBytes();
  private final Crc64 crc = new Crc64();
  private final ByteBuffer direct = ByteBuffer.allocateDirect(8 << 10);
  private long size;

  FileAssembler(LtxHeader header, LtxSink sink) throws IOException {
    this.header = header;
    this.sink = sink;
    order.start(header);
    ByteBuffer bytes = ByteBuffer.allocate(LtxHeader.SIZE);
    header.writeTo(bytes);
    put(bytes.flip());
  }

  void append(FrameBatch batch) throws IOException {
    long offset = size;
    for (int i = 0; i < batch.count(); i++) {
      String problem = order.next(batch.pgno(i));
      if (problem != null) {
        throw new IllegalStateException(problem);
      }
      index.add(batch.pgno(i), offset, batch.size(i));
      offset += batch.size(i);
    }
    crc.append(batch.crc(), batch.crcLength());
    sink.write(batch.flip());
    size = offset;
  }

  EncodedLtx finish(long postApplyChecksum) throws IOException {
    String problem = order.end();
    if (problem != null) {
      throw new IllegalStateException(problem);
    }
    problem = header.postApplyProblem(postApplyChecksum);
    if (problem != null) {
      throw new IllegalStateException(problem);
    }
    put(ByteBuffer.allocate(PageFrame.HEADER));
    index.end();
    put(ByteBuffer.wrap(index.array(), 0, index.length()));
    ByteBuffer bytes = ByteBuffer.allocate(LtxTrailer.SIZE).putLong(postApplyChecksum);
    crc.update(bytes, 0, 8);
    LtxTrailer trailer = new LtxTrailer(postApplyChecksum, crc.value() | Checksums.FLAG);
    trailer.writeTo(bytes.clear());
    write(bytes.flip());
    return new EncodedLtx(header, trailer, size);
  }

  /** Writes bytes that the file checksum covers as they are. */
  private void put(ByteBuffer bytes) throws IOException {
    crc.update(bytes);
    write(bytes);
  }

  /** Hands on what is on the heap in a direct buffer, as all that comes in batches is. */
  private void write(ByteBuffer bytes) throws IOException {
    size += bytes.remaining();
    while (bytes.hasRemaining()) {
      int length = Math.min(bytes.remaining(), direct.capacity());
      direct.clear().put(bytes.slice(bytes.position(), length)).flip();
      bytes.position(bytes.position() + length);
      sink.write(direct);
    }
  }
}
