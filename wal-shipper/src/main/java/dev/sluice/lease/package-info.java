/**
 * Which of several nodes may write: a lease with a time to live, kept in a {@link
 * dev.sluice.lease.Register} that all of them reach.
 */
@org.jspecify.annotations.NullMarked
package dev.sluice.lease;
