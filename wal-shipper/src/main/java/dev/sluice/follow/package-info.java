/**
 * Transactions from one node to another: the stream a primary serves, and the follower that applies
 * it. Depends on the log and on {@code dev.sluice.apply}; HTTP is only its carrier.
 */
@NullMarked
package dev.sluice.follow;

import org.jspecify.annotations.NullMarked;
