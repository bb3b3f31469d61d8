package dev.sluice.store.opendal;

import dev.sluice.store.MeteredStore;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.StoreListener;
import dev.sluice.store.StoreProvider;
import dev.sluice.store.StoreQuery;
import dev.sluice.store.StoreUrl;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Opens {@code gs:}, {@code abs:}, {@code sftp:} and {@code webdav(s):} URLs. Secrets come from the
 * environment.
 */
public final class OpenDalProvider implements StoreProvider {
  private final Map<String, String> environment;

  /** Takes secrets from the environment of this process. */
  public OpenDalProvider() {
    this(System.getenv());
  }

  OpenDalProvider(Map<String, String> environment) {
    this.environment = environment;
  }

  @Override
  public Set<String> schemes() {
    return Set.of("gs", "abs", "sftp", "webdav", "webdavs");
  }

  @Override
  public ObjectStore open(StoreUrl url, StoreListener listener) throws IOException {
    Map<String, String> settings = settings(url);
    String service = String.valueOf(settings.remove("service"));
    String name = new StoreUrl(url.scheme(), url.authority(), url.path(), "").toString();
    return new MeteredStore(OpenDalStore.open(service, settings, name), listener);
  }

  /** What OpenDAL is told, with the name of its service as {@code service}. */
  Map<String, String> settings(StoreUrl url) {
    Map<String, String> settings = new TreeMap<>();
    settings.put("root", "/" + url.path());
    switch (url.scheme()) {
      case "gs" -> googleCloud(url, settings);
      case "abs" -> azure(url, settings);
      case "sftp" -> sftp(url, settings);
      default -> webDav(url, settings);
    }
    return settings;
  }

  private static void googleCloud(StoreUrl url, Map<String, String> settings) {
    StoreQuery query = StoreQuery.of(url, List.of("endpoint", "credential-path", "storage-class"));
    settings.put("service", "gcs");
    settings.put("bucket", named(url, query, "bucket"));
    query.get("endpoint").ifPresent(text -> settings.put("endpoint", text));
    query.get("credential-path").ifPresent(text -> settings.put("credential_path", text));
    query.get("storage-class").ifPresent(text -> settings.put("default_storage_class", text));
  }

  private void azure(StoreUrl url, Map<String, String> settings) {
    StoreQuery query = StoreQuery.of(url, List.of("endpoint"));
    int at = url.authority().indexOf('@');
    Optional<String> account =
        at > 0
            ? Optional.of(url.authority().substring(0, at))
            : Optional.ofNullable(environment.get("AZURE_STORAGE_ACCOUNT"));
    if (account.isEmpty()) {
      throw query.bad("no account: abs://account@container/prefix, or AZURE_STORAGE_ACCOUNT");
    }
    settings.put("service", "azblob");
    settings.put("container", url.authority().substring(at + 1));
    settings.put("account_name", account.get());
    settings.put(
        "endpoint",
        query.get("endpoint").orElse("https://" + account.get() + ".blob.core.windows.net"));
    secret("AZURE_STORAGE_KEY", "account_key", settings);
    secret("AZURE_STORAGE_SAS_TOKEN", "sas_token", settings);
  }

  private static void sftp(StoreUrl url, Map<String, String> settings) {
    StoreQuery query = StoreQuery.of(url, List.of("key-path", "known-hosts"));
    String host = named(url, query, "host");
    int at = host.indexOf('@');
    settings.put("service", "sftp");
    settings.put("endpoint", host.substring(at + 1));
    if (at > 0) {
      settings.put("user", host.substring(0, at));
    }
    query.get("key-path").ifPresent(text -> settings.put("key", text));
    String hosts = query.get("known-hosts").orElse("strict");
    if (!List.of("strict", "accept", "add").contains(hosts)) {
      throw query.bad("parameter known-hosts is '" + hosts + "', not strict, accept or add");
    }
    settings.put("known_hosts_strategy", hosts);
  }

  private void webDav(StoreUrl url, Map<String, String> settings) {
    StoreQuery query = StoreQuery.of(url, List.of());
    String host = named(url, query, "host");
    int at = host.indexOf('@');
    settings.put("service", "webdav");
    settings.put(
        "endpoint",
        (url.scheme().equals("webdavs") ? "https://" : "http://") + host.substring(at + 1));
    if (at > 0) {
      settings.put("username", host.substring(0, at));
    }
    secret("SLUICE_WEBDAV_PASSWORD", "password", settings);
  }

  private static String named(StoreUrl url, StoreQuery query, String what) {
    if (url.authority().isEmpty()) {
      throw query.bad("names no " + what);
    }
    return url.authority();
  }

  private void secret(String variable, String setting, Map<String, String> settings) {
    String value = environment.get(variable);
    if (value != null && !value.isEmpty()) {
      settings.put(setting, value);
    }
  }
}
