/**
 * What the dashboard of a node shows: the last minutes of its databases, and what the other nodes
 * of its cluster say of theirs. Depends on nodes as others see them; knows nothing of HTTP servers.
 */
@NullMarked
package dev.sluice.monitor.dashboard;

import org.jspecify.annotations.NullMarked;
