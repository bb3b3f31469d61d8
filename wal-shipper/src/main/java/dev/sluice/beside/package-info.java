/**
 * Capture without a mount: follows the databases of applications that keep their own files, as one
 * more client of SQLite that writes no content. Entry: {@link dev.sluice.beside.Beside}. Depends on
 * {@code dev.sluice.connection}, {@code dev.sluice.sqlite}, {@code dev.sluice.log} and {@code
 * dev.sluice.os}.
 */
@NullMarked
package dev.sluice.beside;

import org.jspecify.annotations.NullMarked;
