/**
 * A node seen from outside: the HTTP API, health and Prometheus metrics. {@link
 * dev.sluice.monitor.NodeServer} is the entry. Depends on the node's interfaces and its log; no
 * type of Jetty or Prometheus leaves this package.
 */
@NullMarked
package dev.sluice.monitor;

import org.jspecify.annotations.NullMarked;
