package dev.sluice.ltx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** Positions, TXIDs and file names as text. */
class TextTest {
  @Property
  void positions(@ForAll long txid, @ForAll long checksum) {
    Position position = new Position(txid, checksum);
    assertThat(position.toString()).isEqualTo(String.format("%016x/%016x", txid, checksum));
    assertThat(Position.parse(position.toString())).isEqualTo(position);
    assertThat(Txid.parse(Txid.format(txid))).isEqualTo(txid);
  }

  @Test
  void badPositions() {
    badPosition("", "column 1: ends early, expected 16 digits, '/', 16 digits");
    badPosition("00000000000000", "column 15: ends early, expected 16 digits, '/', 16 digits");
    badPosition("000000000000001g/", "column 16: expected a hexadecimal digit");
    badPosition("0000000000000012-8000000000000000", "column 17: expected '/'");
    badPosition("0000000000000012/80000000000000x0", "column 32: expected a hexadecimal digit");
    badPosition(
        "0000000000000012/800000000000000",
        "column 33: ends early, expected 16 digits, '/', 16 digits");
    badPosition("0000000000000012/80000000000000000", "column 34: expected the end");
    assertThat(Position.NONE).hasToString("0000000000000000/0000000000000000");
  }

  @Test
  void txids() {
    assertThat(Txid.parse("12")).isEqualTo(0x12);
    assertThat(Txid.parse("ABCDEF0123456789")).isEqualTo(0xABCDEF0123456789L);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Txid.parse("12 "))
        .withMessage("TXID \"12 \": column 3: expected a hexadecimal digit");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Txid.parse("00000000000000012"))
        .withMessage("TXID \"00000000000000012\": column 17: more than 16 hexadecimal digits");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Txid.parse(""))
        .withMessage("TXID \"\": empty, expected 1 to 16 hexadecimal digits");
    assertThatIllegalArgumentException().isThrownBy(() -> Txid.parse("\u0661"));
  }

  @Test
  void fileNames() {
    String name = "0000000000000003-000000000000000c.ltx";
    assertThat(LtxFileName.parse(name)).isEqualTo(new LtxFileName(3, 12)).hasToString(name);
    for (String bad :
        new String[] {
          "",
          "0000000000000003-000000000000000c.ltx.tmp",
          "0000000000000003-000000000000000C.ltx",
          "0000000000000003_000000000000000c.ltx",
          "0000000000000000-000000000000000c.ltx",
          "000000000000000d-000000000000000c.ltx",
          "+000000000000003-000000000000000c.ltx"
        }) {
      assertThat(LtxFileName.tryParse(bad)).as(bad).isEmpty();
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LtxFileName.parse("app.db"))
        .withMessage("\"app.db\" is not an LTX file name, <16 hex digits>-<16 hex digits>.ltx");
    assertThatIllegalArgumentException().isThrownBy(() -> new LtxFileName(0, 1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new LtxFileName(2, 1))
        .withMessage("minimum TXID 0000000000000002 is after the maximum 0000000000000001");
  }

  private static void badPosition(String text, String why) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Position.parse(text))
        .withMessage("position \"" + text + "\": " + why);
  }
}
