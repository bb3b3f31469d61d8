/**
 * Whether backups can be restored, looked at by a running node: {@link dev.sluice.verify.Verifier}.
 * Depends on restoring and on the places that the shipper ships to.
 */
@NullMarked
package dev.sluice.verify;

import org.jspecify.annotations.NullMarked;
