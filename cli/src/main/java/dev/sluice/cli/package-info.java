/**
 * The {@code sluice} executable: commands, configuration and wiring. {@link dev.sluice.cli.Sluice}
 * is the root command; each other command is a class of its own. May depend on all other modules;
 * nothing depends on it but programs that run Sluice.
 */
@NullMarked
package dev.sluice.cli;

import org.jspecify.annotations.NullMarked;
