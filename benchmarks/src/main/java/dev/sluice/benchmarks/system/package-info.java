/**
 * Speed of the whole: SQLite through a Sluice mount against SQLite in a directory beside it, in one
 * run. Starts Sluice as users do, and knows nothing of its classes. See {@code docs/benchmarks.md}.
 */
@NullMarked
package dev.sluice.benchmarks.system;

import org.jspecify.annotations.NullMarked;
