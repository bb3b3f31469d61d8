/**
 * What a node knows durably of each database: its transactions as LTX files, the checksum of each
 * page, its position, and who waits for one. Depends on {@code dev.sluice.ltx} and {@code
 * dev.sluice.os}.
 */
@NullMarked
package dev.sluice.log;

import org.jspecify.annotations.NullMarked;
