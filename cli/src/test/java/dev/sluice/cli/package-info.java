/** Tests of the executable: its real commands, in this process and in one of their own. */
@NullMarked
package dev.sluice.cli;

import org.jspecify.annotations.NullMarked;
