package dev.sluice.cli;

import java.util.Map;
import java.util.Set;

/** Keys of Litestream's configuration: which are translated, and what to do about the others. */
final class LitestreamKeys {
  private static final Set<String> DATABASE =
      Set.of("path", "dir", "pattern", "recursive", "watch", "replica", "replicas");

  private static final Set<String> REPLICA =
      Set.of(
          "type",
          "url",
          "bucket",
          "path",
          "name",
          "region",
          "endpoint",
          "force-path-style",
          "host",
          "user",
          "account-name",
          "webdav-url",
          "sync-interval",
          "validation-interval",
          "retention",
          "snapshot-interval",
          "sse-kms-key-id",
          "storage-class");

  private static final String CREDENTIALS =
      "not copied: credentials come from the environment, a profile or the machine's role, never"
          + " from the file; ";
  private static final String NOT_NEEDED = "no equivalent and none needed: ";

  private static final Map<String, String> ADVICE =
      Map.ofEntries(
          Map.entry("access-key-id", CREDENTIALS + "set AWS_ACCESS_KEY_ID"),
          Map.entry("secret-access-key", CREDENTIALS + "set AWS_SECRET_ACCESS_KEY"),
          Map.entry("session-token", CREDENTIALS + "set AWS_SESSION_TOKEN"),
          Map.entry("account-key", CREDENTIALS + "docs/configuration.md names the variable"),
          Map.entry("sas-token", CREDENTIALS + "docs/configuration.md names the variable"),
          Map.entry("password", CREDENTIALS + "docs/configuration.md names the variable"),
          Map.entry("key-path", CREDENTIALS + "docs/configuration.md names the variable"),
          Map.entry("webdav-username", CREDENTIALS + "docs/configuration.md names the variable"),
          Map.entry("webdav-password", CREDENTIALS + "docs/configuration.md names the variable"),
          Map.entry(
              "age", "not encrypted by Sluice: use encryption of the store ('sse' in the URL)"),
          Map.entry(
              "sse-customer-algorithm",
              "keys of the customer are not supported: use 'sse=aws:kms'"),
          Map.entry("sse-customer-key", "not copied; see sse-customer-algorithm"),
          Map.entry("sse-customer-key-path", "see sse-customer-algorithm"),
          Map.entry("skip-verify", "certificates are always verified: trust yours in Java's store"),
          Map.entry("sign-payload", NOT_NEEDED + "requests are signed"),
          Map.entry("require-content-md5", NOT_NEEDED + "checksums suit the server"),
          Map.entry("part-size", NOT_NEEDED + "parts grow with the object"),
          Map.entry("concurrency", NOT_NEEDED + "memory is bounded"),
          Map.entry(
              "auto-recover",
              NOT_NEEDED + "a gap is found by checksums, and what differs is shipped"),
          Map.entry("exec", "run 'sluice replicate --config FILE -- COMMAND'"),
          Map.entry("logging", "logs go to standard error; --verbose logs in detail"),
          Map.entry("mcp-addr", "no equivalent: programs ask the HTTP API at 'listen'"),
          Map.entry("socket", "no equivalent: commands ask the HTTP API at 'listen'"),
          Map.entry(
              "heartbeat-url",
              "no equivalent: let your monitor ask /readyz or /metrics at 'listen'"),
          Map.entry("heartbeat-interval", "see heartbeat-url"),
          Map.entry("verify-compaction", NOT_NEEDED + "merged files are always verified"),
          Map.entry("shutdown-sync-timeout", NOT_NEEDED + "what remains is shipped before it ends"),
          Map.entry(
              "shutdown-sync-interval", NOT_NEEDED + "what remains is shipped before it ends"),
          Map.entry("l0-retention-check-interval", NOT_NEEDED + "checked when files are merged"),
          Map.entry("retention-check-interval", NOT_NEEDED + "checked when files are merged"),
          Map.entry("meta-path", "no equivalent: state is kept in .sluice below 'data'"),
          Map.entry("monitor-interval", NOT_NEEDED + "writes are noticed by events"),
          Map.entry("checkpoint-interval", NOT_NEEDED + "the WAL is checkpointed by its size"),
          Map.entry("busy-timeout", NOT_NEEDED + "applications are not blocked"),
          Map.entry("truncate-page-n", NOT_NEEDED + "the WAL is kept short"),
          Map.entry("max-checkpoint-page-count", NOT_NEEDED + "the WAL is kept short"),
          Map.entry(
              "restore-if-db-not-exists",
              "run 'sluice restore --config FILE NAME --if-db-not-exists --if-replica-exists'"
                  + " before the application starts"));

  private LitestreamKeys() {}

  static boolean isKnownInDatabase(String key) {
    return DATABASE.contains(key);
  }

  /** Whether the key is about a replica; the top level has some of them for all. */
  static boolean isReplicaSetting(String key) {
    return REPLICA.contains(key) || ADVICE.getOrDefault(key, "").startsWith(CREDENTIALS);
  }

  /** Whether the translation takes care of a key of a replica. */
  static boolean isKnownInReplica(String key) {
    return REPLICA.contains(key);
  }

  /** What to do in place of a key that is not translated. */
  static String advice(String key) {
    return ADVICE.getOrDefault(key, "no equivalent; is it spelt as Litestream has it?");
  }
}
