/**
 * An HTTP proxy before the application of a node, so that clients read what they have written, on
 * whichever node. {@link dev.sluice.monitor.proxy.ProxyServer} is the entry. Depends on the node's
 * interfaces, its log and the metrics; no type of Jetty leaves this package.
 */
@NullMarked
package dev.sluice.monitor.proxy;

import org.jspecify.annotations.NullMarked;
