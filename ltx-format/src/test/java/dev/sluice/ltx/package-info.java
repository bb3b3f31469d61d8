/** Tests of the LTX file format. */
@NullMarked
package dev.sluice.ltx;

import org.jspecify.annotations.NullMarked;
