package dev.sluice.apply;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What a primary committed at once. */
record Transaction(SortedMap<Integer, byte[]> pages, int commit, int pageSize) {

  PageSource source() {
    Iterator<Map.Entry<Integer, byte[]>> iterator = pages.entrySet().iterator();
    return new PageSource() {
      private int pgno;
      private ByteBuffer page = ByteBuffer.allocate(0);

      @Override
      public boolean next() {
        if (!iterator.hasNext()) {
          return false;
        }
        Map.Entry<Integer, byte[]> entry = iterator.next();
        pgno = entry.getKey();
        page = ByteBuffer.wrap(entry.getValue());
        return true;
      }

      @Override
      public int pgno() {
        return pgno;
      }

      @Override
      public ByteBuffer page() {
        return page.duplicate();
      }
    };
  }

  /** As {@link ReplicaWriter#applyTogether} takes them. */
  static TransactionSource source(List<Transaction> transactions) {
    Iterator<Transaction> iterator = transactions.iterator();
    return new TransactionSource() {
      private @Nullable Transaction current;

      @Override
      public boolean next() {
        current = iterator.hasNext() ? iterator.next() : null;
        return current != null;
      }

      @Override
      public PageSource pages() {
        return Objects.requireNonNull(current).source();
      }

      @Override
      public int commit() {
        return Objects.requireNonNull(current).commit();
      }
    };
  }

  void applyTo(ReplicaWriter writer) throws IOException {
    writer.apply(source(), commit, pageSize);
  }

  void writeTo(DataOutputStream out) throws IOException {
    out.writeInt(commit);
    out.writeInt(pageSize);
    out.writeInt(pages.size());
    for (Map.Entry<Integer, byte[]> entry : pages.entrySet()) {
      out.writeInt(entry.getKey());
      out.write(entry.getValue());
    }
  }

  static Transaction readFrom(DataInputStream in) throws IOException {
    int commit = in.readInt();
    int pageSize = in.readInt();
    SortedMap<Integer, byte[]> pages = new TreeMap<>();
    for (int i = in.readInt(); i > 0; i--) {
      pages.put(in.readInt(), in.readNBytes(pageSize));
    }
    return new Transaction(pages, commit, pageSize);
  }
}
