package dev.sluice.apply;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A process that applies transactions, to be killed: REPLICA TRANSACTIONS FIRST. */
final class ApplierMain {
  private ApplierMain() {}

  public static void main(String[] args) throws IOException {
    int first = Integer.parseInt(args[2]);
    ReplicaOptions options = new ReplicaOptions(20_000, 50, false);
    try (ReplicaWriter writer = ReplicaWriter.open(Path.of(args[0]), options);
        DataInputStream in =
            new DataInputStream(new BufferedInputStream(Files.newInputStream(Path.of(args[1]))))) {
      for (int i = 0; ; i++) {
        Transaction transaction = Transaction.readFrom(in);
        if (i >= first) {
          transaction.applyTo(writer);
          System.out.println(i);
        }
      }
    } catch (EOFException e) {
      System.out.println("end");
    }
  }
}
