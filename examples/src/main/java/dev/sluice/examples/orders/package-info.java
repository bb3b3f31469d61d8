/**
 * An order desk that writes on a primary and reads its own writes on a follower. May depend on
 * {@code dev.sluice.node}, which is what a program uses to talk to a node, and on sqlite-jdbc.
 */
@NullMarked
package dev.sluice.examples.orders;

import org.jspecify.annotations.NullMarked;
