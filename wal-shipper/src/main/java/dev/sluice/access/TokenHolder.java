package dev.sluice.access;

import java.util.List;

/** Where tokens come from. Safe for use by many threads. */
interface TokenHolder {
  /** Those that count now; empty when there are none any more. */
  List<String> tokens();
}
