package dev.sluice.cli;

import dev.sluice.ltx.Txid;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A TXID as positions and file names show it: hexadecimal, leading zeros optional. */
final class TxidConverter implements ITypeConverter<Long> {
  @Override
  public Long convert(String text) {
    try {
      long txid = Txid.parse(text);
      if (txid == 0) {
        throw new TypeConversionException("TXID 0: the first transaction is 1");
      }
      return txid;
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }
}
