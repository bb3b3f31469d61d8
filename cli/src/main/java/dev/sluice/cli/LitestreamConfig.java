package dev.sluice.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A configuration of Litestream (0.5, and the keys of 0.3) in the words of {@code sluice.yml}, with
 * a note on each key that has no equivalent. One thread.
 *
 * <p>Litestream names databases by absolute paths, Sluice by paths below a data directory: that is
 * the directory that all have in common.
 */
final class LitestreamConfig {
  /**
   * The translation.
   *
   * @param keys of {@code sluice.yml}, in the order to write them
   * @param notes on what is not in it, each with what to do instead
   */
  record Translation(Map<String, Object> keys, List<String> notes) {}

  /** A database, or a directory with databases. */
  private record Entry(JsonNode node, Path directory, @Nullable String name) {}

  private final JsonNode root;
  private final Map<String, Object> keys = new LinkedHashMap<>();
  private final Set<String> notes = new LinkedHashSet<>();

  private LitestreamConfig(JsonNode root) {
    this.root = root;
  }

  /**
   * Translates a parsed configuration.
   *
   * @throws IllegalArgumentException if it is none of Litestream, saying what is wrong
   */
  static Translation translate(JsonNode root) {
    if (!root.isObject() || !root.path("dbs").isArray() || root.path("dbs").isEmpty()) {
      throw new IllegalArgumentException("no list 'dbs' of databases in it");
    }
    return new LitestreamConfig(root).translate();
  }

  private Translation translate() {
    List<Entry> entries = new ArrayList<>();
    for (JsonNode node : root.get("dbs")) {
      entries.add(entry(node));
    }
    Path data = common(entries.stream().map(Entry::directory).toList());
    if (data.getNameCount() == 0) {
      note(
          "dbs",
          "the databases have no directory in common but '/': write a file for each group of them"
              + " and run one 'sluice replicate' each");
    }
    keys.put("data", data.toString());
    root();
    List<String> include = new ArrayList<>();
    List<Map<String, Object>> databases = new ArrayList<>();
    for (Entry entry : entries) {
      database(entry, data, entries.size() == 1, include, databases);
    }
    shortest("sync-interval", replicas().map(replica -> replica.get("sync-interval")));
    shortest("verify-interval", validationIntervals());
    shortest("snapshot-interval", snapshotValues("interval", "snapshot-interval"));
    longest("retention", snapshotValues("retention", "retention"));
    keys.put("include", include);
    if (!databases.isEmpty()) {
      keys.put("databases", databases);
    }
    return new Translation(keys, List.copyOf(notes));
  }

  private Entry entry(JsonNode node) {
    String path = text(node.path("path"));
    String dir = text(node.path("dir"));
    if (path.isEmpty() == dir.isEmpty()) {
      throw new IllegalArgumentException("an entry of 'dbs' must have one of 'path' and 'dir'");
    }
    Path file = Path.of(LitestreamText.path(path.isEmpty() ? dir : path));
    if (!path.isEmpty()) {
      if (LitestreamText.isVariable(path)) {
        throw new IllegalArgumentException(
            "'"
                + path
                + "' does not say where the directory of the database ends: write it as"
                + " DIRECTORY/NAME, such as ${DIRECTORY}/app.db");
      }
      Path parent = file.getParent();
      Path name = file.getFileName();
      if (name == null) {
        throw new IllegalArgumentException("'" + path + "' is not the path of a database");
      }
      return new Entry(node, parent == null ? Path.of("") : parent, name.toString());
    }
    return new Entry(node, file, null);
  }

  private static Path common(List<Path> directories) {
    Path common = directories.get(0);
    for (Path directory : directories) {
      if (!begin(directory).equals(begin(directories.get(0)))) {
        throw new IllegalArgumentException(
            "nobody can tell which directory '%s' and '%s' have in common: write a file for each, or"
                    .formatted(directories.get(0), directory)
                + " begin both alike");
      }
      Path up = common;
      while (up != null && !directory.startsWith(up)) {
        up = up.getParent();
      }
      common = up == null ? Path.of(directory.isAbsolute() ? "/" : "") : up;
    }
    return common;
  }

  /** What paths must begin with alike for that they can have a directory in common. */
  private static String begin(Path directory) {
    if (directory.isAbsolute()) {
      return "/";
    }
    String first = directory.getName(0).toString();
    return first.startsWith("${") ? first : "";
  }

  private void root() {
    for (Map.Entry<String, JsonNode> field : root.properties()) {
      String key = field.getKey();
      JsonNode value = field.getValue();
      switch (key) {
        case "dbs" -> {}
        case "addr" -> keys.put("listen", text(value));
        case "levels" -> {
          List<String> levels = new ArrayList<>();
          value.forEach(level -> levels.add(LitestreamText.duration(text(level.path("interval")))));
          keys.put("levels", levels);
        }
        case "l0-retention" -> keys.put(key, LitestreamText.duration(text(value)));
        case "snapshot", "validation" ->
            value.properties().forEach(inner -> nested(key, inner.getKey()));
        default -> {
          if (!LitestreamKeys.isReplicaSetting(key)) {
            note(key, LitestreamKeys.advice(key));
          }
        }
      }
    }
  }

  private void nested(String outer, String inner) {
    if (!inner.equals("interval") && !(outer.equals("snapshot") && inner.equals("retention"))) {
      note(outer + "." + inner, LitestreamKeys.advice(inner));
    }
  }

  private void database(
      Entry entry,
      Path data,
      boolean alone,
      List<String> include,
      List<Map<String, Object>> databases) {
    String below = data.relativize(entry.directory).toString();
    String prefix = below.isEmpty() ? "" : below + "/";
    List<String> stores = stores(entry.node);
    if (entry.name != null) {
      include.add(prefix + entry.name);
      Map<String, Object> database = new LinkedHashMap<>();
      database.put("path", prefix + entry.name);
      putStores(database, stores);
      databases.add(database);
    } else {
      String pattern = text(entry.node.path("pattern"));
      pattern = pattern.isEmpty() ? "*" : pattern;
      include.add(prefix + pattern);
      if (entry.node.path("recursive").asBoolean()) {
        include.add(prefix + "**/" + pattern);
      }
      if (!below.isEmpty()) {
        note(
            "dir " + entry.directory,
            "backups lie below the store at the path from 'data' on, so here at /"
                + prefix
                + "…; to go on with what Litestream wrote, write a file for this directory alone");
      } else if (!alone) {
        note("dir " + entry.directory, "its store is that of all databases that have none");
      }
      if (keys.containsKey("store")) {
        note("dir " + entry.directory, "only one 'dir' can have a store: write a file for each");
      } else {
        putStores(keys, stores);
      }
    }
    for (Map.Entry<String, JsonNode> field : entry.node.properties()) {
      String key = field.getKey();
      if (key.equals("min-checkpoint-page-count")) {
        keys.putIfAbsent("checkpoint-pages", field.getValue().asInt());
      } else if (!LitestreamKeys.isKnownInDatabase(key)) {
        note(key, LitestreamKeys.advice(key));
      }
    }
  }

  private static void putStores(Map<String, Object> target, List<String> stores) {
    if (stores.size() == 1) {
      target.put("store", stores.get(0));
    } else if (!stores.isEmpty()) {
      target.put("store", stores);
    }
  }

  private List<String> stores(JsonNode database) {
    List<String> stores = new ArrayList<>();
    replicas(database)
        .forEach(
            replica -> {
              LitestreamReplica read = new LitestreamReplica(replica, root, notes);
              read.url().ifPresent(stores::add);
            });
    return stores;
  }

  private static Stream<JsonNode> replicas(JsonNode database) {
    List<JsonNode> replicas = new ArrayList<>();
    if (database.has("replica")) {
      replicas.add(database.get("replica"));
    }
    database.path("replicas").forEach(replicas::add);
    return replicas.stream();
  }

  /** All replicas, and the settings for all of them. */
  private Stream<JsonNode> replicas() {
    List<JsonNode> all = new ArrayList<>(List.of(root));
    root.get("dbs").forEach(database -> replicas(database).forEach(all::add));
    return all.stream();
  }

  private Stream<@Nullable JsonNode> validationIntervals() {
    return Stream.concat(
        Stream.of(root.path("validation").get("interval")),
        replicas().map(replica -> replica.get("validation-interval")));
  }

  private Stream<@Nullable JsonNode> snapshotValues(String inner, String ofReplica) {
    return Stream.concat(
        Stream.of(root.path("snapshot").get(inner)),
        replicas().map(replica -> replica.get(ofReplica)));
  }

  private void shortest(String key, Stream<@Nullable JsonNode> values) {
    one(key, values, Comparator.naturalOrder(), "shortest");
  }

  private void longest(String key, Stream<@Nullable JsonNode> values) {
    one(key, values, Comparator.reverseOrder(), "longest");
  }

  /** What Litestream lets differ between replicas is one for all here. */
  private void one(
      String key, Stream<@Nullable JsonNode> values, Comparator<Long> order, String which) {
    List<Long> millis = new ArrayList<>();
    values.forEach(
        value -> {
          if (value != null && value.isValueNode() && !value.isNull()) {
            millis.add(LitestreamText.millis(text(value)));
          }
        });
    List<Long> distinct = millis.stream().distinct().sorted(order).toList();
    if (distinct.isEmpty()) {
      return;
    }
    keys.put(key, Durations.text(Duration.ofMillis(distinct.get(0))));
    if (distinct.size() > 1) {
      note(key, "it is one for all databases here: the " + which + " is taken");
    }
  }

  private static String text(JsonNode node) {
    return node.isValueNode() && !node.isNull() ? LitestreamText.variables(node.asText()) : "";
  }

  private void note(String key, String advice) {
    notes.add(key + ": " + advice);
  }
}
