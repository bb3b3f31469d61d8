/**
 * A node as others see it: what it says of itself and of its databases. Depends on the log; the
 * parts that know (shipper, follower) fill it in.
 */
@NullMarked
package dev.sluice.node;

import org.jspecify.annotations.NullMarked;
