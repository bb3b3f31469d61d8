/**
 * Stores at Amazon S3 and at what speaks its protocol: begins at {@link
 * dev.sluice.store.s3.S3Store}. The only package that knows the AWS SDK.
 */
@NullMarked
package dev.sluice.store.s3;

import org.jspecify.annotations.NullMarked;
