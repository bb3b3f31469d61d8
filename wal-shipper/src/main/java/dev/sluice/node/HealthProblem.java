package dev.sluice.node;

/**
 * Something that is wrong with a node or with a database of it, for as long as it is.
 *
 * @param kind label of an {@link EventKind}; a node of another version may have others
 * @param severity how much it matters
 * @param message what is wrong, and what to do
 * @param since when it was found, as ISO 8601 in UTC
 */
public record HealthProblem(String kind, Severity severity, String message, String since) {}
