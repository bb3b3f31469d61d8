/**
 * Runs the examples, and every command that the README shows, against nodes in processes of their
 * own.
 */
@NullMarked
package dev.sluice.examples;

import org.jspecify.annotations.NullMarked;
