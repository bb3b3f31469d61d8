package dev.sluice.cli;

/** What a node logs: this, and what is worse. */
enum LogLevel {
  DEBUG,
  INFO,
  WARN,
  ERROR
}
