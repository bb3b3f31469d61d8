package dev.sluice.cli.system.history;

import java.util.stream.Stream;

/** Looks for violations of one promise. Stateless. */
interface Check {
  Stream<Violation> violations(History history);
}
