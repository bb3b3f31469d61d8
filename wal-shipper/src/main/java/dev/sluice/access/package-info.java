/**
 * Who may ask a node, and how it shows who it is: tokens with scopes, certificates and keys in PEM
 * files, all read again when they change. {@link dev.sluice.access.Access} is the entry for who
 * asks, {@link dev.sluice.access.Tokens} for who is asked. Depends on nothing but Java.
 */
@NullMarked
package dev.sluice.access;

import org.jspecify.annotations.NullMarked;
