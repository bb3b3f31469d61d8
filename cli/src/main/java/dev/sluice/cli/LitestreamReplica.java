package dev.sluice.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** A replica of Litestream's configuration as the URL of a store. */
final class LitestreamReplica {
  private static final Pattern URL =
      Pattern.compile("([a-z0-9]+)://([^/?]*)/?([^?]*)(?:\\?(.*))?", Pattern.CASE_INSENSITIVE);

  /** Hosts with the bucket as their first label, and a server that is not Amazon's. */
  private static final Pattern HOSTED =
      Pattern.compile(
          "([^.]+)\\.(.*(?:digitaloceanspaces\\.com|backblazeb2\\.com|linodeobjects\\.com"
              + "|scw\\.cloud|filebase\\.com|wasabisys\\.com|cloudflarestorage\\.com))");

  private static final Pattern AMAZON =
      Pattern.compile("(.+)\\.s3[.-](?:([a-z0-9-]+)\\.)?amazonaws\\.com");

  private final JsonNode replica;
  private final JsonNode defaults;
  private final Collection<String> notes;

  LitestreamReplica(JsonNode replica, JsonNode defaults, Collection<String> notes) {
    this.replica = replica;
    this.defaults = defaults;
    this.notes = notes;
  }

  /** The URL; empty where Sluice has no such store, which a note then says. */
  Optional<String> url() {
    noteOthers(replica, true);
    noteOthers(defaults, false);
    String url = replica.isTextual() ? LitestreamText.variables(replica.asText()) : value("url");
    if (LitestreamText.isVariable(url)) {
      notes.add(
          "url " + url + ": taken as it is: see that Sluice has such a store, docs/stores.md");
      return Optional.of(url);
    }
    Matcher given = URL.matcher(url);
    if (!url.isEmpty() && !given.matches()) {
      throw new IllegalArgumentException("'" + url + "' is not the URL of a replica");
    }
    String type = url.isEmpty() ? value("type") : given.group(1).toLowerCase(Locale.ROOT);
    String path = url.isEmpty() ? value("path") : given.group(3);
    String host = url.isEmpty() ? value("bucket") : given.group(2);
    Map<String, String> query = url.isEmpty() ? new LinkedHashMap<>() : query(given.group(4));
    return switch (type.isEmpty() ? "file" : type) {
      case "file" -> Optional.of(file(url.isEmpty() ? path : filePath(host, path)));
      case "s3" -> Optional.of(s3(host, path, query));
      case "gs" -> Optional.of(join("gs://" + host, path));
      case "abs" -> {
        String account = value("account-name");
        yield Optional.of(join("abs://" + (account.isEmpty() ? "" : account + "@") + host, path));
      }
      case "sftp" -> {
        String user = value("user");
        String server = url.isEmpty() ? value("host") : host.replaceAll(":[^@:]*@", "@");
        yield Optional.of(
            join("sftp://" + (user.isEmpty() || !url.isEmpty() ? "" : user + "@") + server, path));
      }
      case "webdav", "webdavs" -> {
        String server = value("webdav-url").replaceFirst("^[a-z]+://", "");
        yield Optional.of(join("webdav://" + (url.isEmpty() ? server : host), path));
      }
      default -> {
        notes.add("type " + type + ": Sluice has no such store: choose another for this database");
        yield Optional.empty();
      }
    };
  }

  private void noteOthers(JsonNode node, boolean ofReplica) {
    for (Map.Entry<String, JsonNode> field : node.properties()) {
      String key = field.getKey();
      if ((ofReplica || LitestreamKeys.isReplicaSetting(key))
          && !LitestreamKeys.isKnownInReplica(key)) {
        notes.add(key + ": " + LitestreamKeys.advice(key));
      }
    }
  }

  private String value(String key) {
    JsonNode own = replica.path(key);
    boolean inherited = own.isMissingNode() || own.isNull();
    JsonNode node = inherited ? defaults.path(key) : own;
    // Only what is common to replicas stands at the top level; a path is none of it.
    return node.isValueNode() && !node.isNull() && !(inherited && key.equals("path"))
        ? LitestreamText.variables(node.asText())
        : "";
  }

  /** A file URL has no host: what stands there is the begin of the path, or a variable with it. */
  private static String filePath(String host, String path) {
    String whole = host.isEmpty() ? path : host + (path.isEmpty() ? "" : "/" + path);
    return host.startsWith("${") ? whole : "/" + whole;
  }

  private static String file(String path) {
    String written = LitestreamText.path(path);
    return "file://"
        + (written.startsWith("/") || written.startsWith("$") ? "" : "${PWD}/")
        + written;
  }

  private String s3(String host, String path, Map<String, String> query) {
    Map<String, String> parameters = new LinkedHashMap<>();
    String bucket = host;
    Matcher amazon = AMAZON.matcher(host);
    Matcher hosted = HOSTED.matcher(host);
    if (amazon.matches()) {
      bucket = amazon.group(1);
      put(parameters, "region", amazon.group(2) == null ? "" : amazon.group(2));
    } else if (hosted.matches()) {
      bucket = hosted.group(1);
      put(parameters, "endpoint", "https://" + hosted.group(2));
    }
    put(parameters, "endpoint", query.getOrDefault("endpoint", value("endpoint")));
    put(parameters, "region", query.getOrDefault("region", value("region")));
    put(
        parameters,
        "path-style",
        query.getOrDefault(
            "forcePathStyle", query.getOrDefault("force-path-style", value("force-path-style"))));
    put(parameters, "storage-class", value("storage-class"));
    String key = value("sse-kms-key-id");
    put(parameters, "sse", key.isEmpty() ? "" : "aws:kms");
    put(parameters, "sse-kms-key-id", key);
    return join("s3://" + bucket, path)
        + (parameters.isEmpty() ? "" : "?")
        + parameters.entrySet().stream()
            .map(parameter -> parameter.getKey() + "=" + encoded(parameter.getValue()))
            .collect(Collectors.joining("&"));
  }

  private static void put(Map<String, String> parameters, String name, String value) {
    if (!value.isEmpty()) {
      parameters.put(name, value);
    }
  }

  private static String encoded(String value) {
    return URLEncoder.encode(value, StandardCharsets.UTF_8)
        .replace("%3A", ":")
        .replace("%2F", "/")
        .replace("%24%7B", "${")
        .replace("%7D", "}");
  }

  private static Map<String, String> query(String text) {
    Map<String, String> query = new LinkedHashMap<>();
    for (String pair : text == null ? new String[0] : text.split("&", -1)) {
      int equals = pair.indexOf('=');
      if (equals > 0) {
        query.put(pair.substring(0, equals), pair.substring(equals + 1));
      }
    }
    return query;
  }

  private static String join(String base, String path) {
    String stripped = path.replaceAll("^/+|/+$", "");
    return stripped.isEmpty() ? base : base + "/" + stripped;
  }
}
