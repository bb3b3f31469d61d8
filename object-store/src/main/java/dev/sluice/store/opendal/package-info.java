/**
 * Stores through Apache OpenDAL: begins at {@link dev.sluice.store.opendal.OpenDalStore}. The only
 * package that knows it, and loads its native library.
 */
@NullMarked
package dev.sluice.store.opendal;

import org.jspecify.annotations.NullMarked;
