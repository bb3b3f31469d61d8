package dev.sluice.restore;

import dev.sluice.ltx.Txid;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.Locale;

/**
 * A state a store can restore.
 *
 * @param txid its last transaction, unsigned
 * @param time of that transaction, as far as the listing knows
 */
public record RestorePoint(long txid, Instant time) {
  private static final DateTimeFormatter LOCAL =
      new DateTimeFormatterBuilder()
          .appendPattern("uuuu-MM-dd HH:mm:ss")
          .appendFraction(ChronoField.NANO_OF_SECOND, 0, 9, true)
          .appendPattern(" XXX")
          .toFormatter(Locale.ROOT);

  /**
   * A moment in the zone of this machine, with its offset. All of its fraction, so that {@link
   * RestoreTime} understands it as no earlier than it is.
   */
  public static String local(Instant time) {
    return LOCAL.format(time.atZone(ZoneId.systemDefault()));
  }

  @Override
  public String toString() {
    return Txid.format(txid) + " (" + local(time) + ")";
  }
}
