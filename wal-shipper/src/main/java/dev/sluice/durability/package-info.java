/**
 * What a commit waits for beyond this node, when the cluster is to lose nothing that was
 * acknowledged: followers that have it on their disks, or stores. Knows the log, the followers that
 * a stream serves, and what is shipped; who holds the lease, and where the set of followers is
 * kept, is the caller's.
 */
@NullMarked
package dev.sluice.durability;

import org.jspecify.annotations.NullMarked;
