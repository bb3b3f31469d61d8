package dev.sluice.restore;

import dev.sluice.ltx.LtxFileName;
import dev.sluice.store.ObjectInfo;
import java.util.Optional;

/**
 * Keys of the LTX files of one database, as Litestream 0.5 lays them out.
 *
 * <p>Levels: 0 holds single transactions as captured, 1 to 8 ever longer runs of them compacted, 9
 * snapshots of the whole database.
 *
 * @param style how levels are written
 * @param path what all keys begin with; empty, or a key without outer slashes
 */
public record StoreLayout(Style style, String path) {
  /** The level of snapshots. */
  public static final int SNAPSHOT_LEVEL = 9;

  /** How a level is written. */
  public enum Style {
    /** {@code <path>/ltx/<level>/}, decimal: directories and most stores. */
    DECIMAL,
    /** {@code <path>/<level>/}, four hexadecimal digits: S3 and OSS. */
    HEX
  }

  /** The layout that Litestream uses for a store with this URL scheme. */
  public static StoreLayout of(String scheme, String path) {
    Style style = scheme.equals("s3") || scheme.equals("oss") ? Style.HEX : Style.DECIMAL;
    return new StoreLayout(style, path);
  }

  /** What the keys of all files begin with. */
  public String prefix() {
    return below() + (style == Style.DECIMAL ? "ltx/" : "");
  }

  /** What the keys of a level's files begin with. */
  public String levelPrefix(int level) {
    if (level < 0 || level > SNAPSHOT_LEVEL) {
      throw new IllegalArgumentException("level " + level + ", there are 0 to " + SNAPSHOT_LEVEL);
    }
    return prefix() + (style == Style.DECIMAL ? "" + level : String.format("%04x", level)) + "/";
  }

  /** The key of a file. */
  public String key(int level, LtxFileName name) {
    return levelPrefix(level) + name.format();
  }

  /** The key of something that is not an LTX file. */
  public String keyBeside(String name) {
    return below() + name;
  }

  /** The file an object of this layout is; empty if its key is not one of the layout's. */
  public Optional<StoredFile> parse(ObjectInfo object) {
    String key = object.key();
    int slash = key.lastIndexOf('/');
    Optional<LtxFileName> name = LtxFileName.tryParse(key.substring(slash + 1));
    for (int level = 0; name.isPresent() && level <= SNAPSHOT_LEVEL; level++) {
      if (key.substring(0, slash + 1).equals(levelPrefix(level))) {
        LtxFileName range = name.get();
        return Optional.of(
            new StoredFile(
                key,
                level,
                range.minTxid(),
                range.maxTxid(),
                object.sizeBytes(),
                object.lastModified()));
      }
    }
    return Optional.empty();
  }

  /** What the keys of a Litestream 0.3 replica at the same path begin with. */
  String generationsPrefix() {
    return below() + "generations/";
  }

  private String below() {
    return path.isEmpty() ? "" : path + "/";
  }
}
