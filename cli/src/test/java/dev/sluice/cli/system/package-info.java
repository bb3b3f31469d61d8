/**
 * System tests: Sluice in processes of its own, real SQLite on its mounts. This JVM serves no
 * mount, so that it may use them.
 */
@NullMarked
package dev.sluice.cli.system;

import org.jspecify.annotations.NullMarked;
