/**
 * What clients of a cluster did and saw, and whether the cluster may have let them: {@link
 * dev.sluice.cli.system.history.Checker} judges a {@link dev.sluice.cli.system.history.History}.
 * Knows no process, network or file.
 */
@NullMarked
package dev.sluice.cli.system.history;

import org.jspecify.annotations.NullMarked;
