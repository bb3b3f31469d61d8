package dev.sluice.monitor;

import com.fasterxml.jackson.annotation.JsonInclude;
import org.jspecify.annotations.Nullable;

/**
 * The body of every error.
 *
 * @param error what is wrong
 * @param hint what to do; left out where the error says it
 */
record Problem(String error, @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable String hint) {}
