/**
 * One node of several that are the primary by turns: {@link dev.sluice.cluster.Cluster} decides
 * when, by the lease; what the roles are is the caller's.
 */
@NullMarked
package dev.sluice.cluster;

import org.jspecify.annotations.NullMarked;
