package dev.sluice.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.sluice.access.TlsFiles;
import dev.sluice.access.TokenGrant;
import dev.sluice.access.TokenSource;
import dev.sluice.monitor.health.HealthLimits;
import dev.sluice.node.Prices;
import dev.sluice.ship.ShippingPolicy;
import dev.sluice.store.StoreUrl;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Configurations as YAML, as {@link ConfigFile} reads it. Stateless. */
final class ConfigText {
  private ConfigText() {}

  /** A mapper that writes as people do. */
  static YAMLMapper mapper() {
    return YAMLMapper.builder()
        .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
        .disable(YAMLGenerator.Feature.SPLIT_LINES)
        .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
        .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
        .enable(YAMLGenerator.Feature.INDENT_ARRAYS_WITH_INDICATOR)
        .build();
  }

  /** What is in effect, with defaults; without secrets, and without what has no default. */
  static String of(SluiceConfig config) throws JsonProcessingException {
    ShippingSettings shipping = config.shipping();
    ShippingPolicy policy = shipping.policy();
    Map<String, Object> keys = new LinkedHashMap<>();
    put(keys, "data", config.data());
    put(keys, "mount", config.mount());
    put(keys, "listen", config.listen());
    put(keys, "follow", config.follow());
    putStores(keys, config.store());
    keys.put("sync-interval", Durations.text(policy.syncInterval()));
    keys.put("levels", policy.levels().stream().map(Durations::text).toList());
    keys.put("snapshot-interval", Durations.text(policy.snapshotInterval()));
    keys.put("retention", Durations.text(policy.retention()));
    keys.put("l0-retention", Durations.text(policy.level0Retention()));
    keys.put("verify-interval", Durations.text(shipping.verifyIntervalOrDefault()));
    put(keys, "bandwidth", shipping.bandwidthOrDefault());
    put(keys, "log-keep", shipping.logKeepOrDefault());
    put(keys, "log-limit", shipping.logLimitOrDefault());
    if (shipping.prices() != null) {
      keys.put("prices", prices(shipping.prices()));
    }
    putSecurity(keys, config.security());
    put(keys, "fuse-binding", config.fuseBindingOrDefault());
    if (config.lowLatency() != null) {
      keys.put("low-latency", config.lowLatency());
    }
    put(keys, "follower-open", config.followerOpenOrDefault());
    keys.put("include", config.include());
    keys.put("exclude", config.exclude());
    keys.put("checkpoint-pages", config.checkpointPagesOrDefault());
    HealthLimits limits = config.monitoring().limits(policy.syncInterval());
    keys.put("backup-objective", Durations.text(limits.backupObjective()));
    keys.put("lag-objective", Durations.text(limits.lagObjective()));
    put(keys, "min-free", config.monitoring().minFreeOrDefault());
    keys.put("metrics-databases", config.monitoring().metricsDatabasesOrDefault());
    put(keys, "on-event", config.monitoring().onEvent() == null ? null : "***");
    if (!config.proxy().equals(ProxySettings.EMPTY)) {
      keys.put("proxy", proxy(config.proxy()));
    }
    List<Map<String, Object>> databases = new ArrayList<>();
    for (SluiceConfig.DatabaseConfig database : config.databases()) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("path", database.path());
      putStores(entry, database.store());
      databases.add(entry);
    }
    keys.put("databases", databases);
    return mapper().writeValueAsString(keys);
  }

  private static void put(Map<String, Object> keys, String key, @Nullable Object value) {
    if (value != null) {
      keys.put(key, value.toString());
    }
  }

  /** Paths and names of variables: no secret is in the configuration. */
  private static void putSecurity(Map<String, Object> keys, SecuritySettings security) {
    TlsFiles tls = security.tls();
    if (tls != null) {
      Map<String, Object> files = new LinkedHashMap<>();
      put(files, "certificate", tls.certificate());
      put(files, "key", tls.key());
      put(files, "client-ca", tls.clientCa());
      keys.put("tls", files);
    }
    Map<String, Object> trust = new LinkedHashMap<>();
    put(trust, "ca", security.trust().ca());
    put(trust, "certificate", security.trust().certificate());
    put(trust, "key", security.trust().key());
    if (!trust.isEmpty()) {
      keys.put("trust", trust);
    }
    List<Map<String, Object>> tokens = new ArrayList<>();
    for (TokenGrant grant : security.tokens()) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("scope", grant.scope().label());
      put(entry, "file", grant.file());
      put(entry, "env", grant.env());
      tokens.add(entry);
    }
    keys.put("tokens", tokens);
    TokenSource token = security.token();
    if (token != null) {
      Map<String, Object> source = new LinkedHashMap<>();
      put(source, "file", token.file());
      put(source, "env", token.env());
      keys.put("token", source);
    }
    keys.put("insecure", security.insecureOrDefault());
  }

  private static void putStores(Map<String, Object> keys, List<StoreUrl> stores) {
    if (!stores.isEmpty()) {
      List<String> urls = stores.stream().map(StoreUrl::toString).toList();
      keys.put("store", urls.size() == 1 ? urls.get(0) : urls);
    }
  }

  private static Map<String, Object> proxy(ProxySettings proxy) {
    Map<String, Object> keys = new LinkedHashMap<>();
    put(keys, "listen", proxy.listen());
    put(keys, "application", proxy.application());
    put(keys, "advertise", proxy.advertise());
    keys.put("write-paths", proxy.writePaths());
    keys.put("read-paths", proxy.readPaths());
    keys.put("wait-limit", Durations.text(proxy.waitLimitOrDefault()));
    put(keys, "write-forwarding", proxy.writeForwardingOrDefault());
    keys.put("retry-reads", proxy.retryReadsOrDefault());
    return keys;
  }

  /** Under the names that the file has for them. */
  private static Map<String, Object> prices(Prices prices) {
    Map<String, Object> keys = new LinkedHashMap<>();
    keys.put("put-per-1000", prices.putPer1000());
    keys.put("get-per-1000", prices.getPer1000());
    keys.put("list-per-1000", prices.listPer1000());
    keys.put("out-per-gb", prices.outPerGb());
    keys.put("storage-per-gb-month", prices.storagePerGbMonth());
    return keys;
  }
}
