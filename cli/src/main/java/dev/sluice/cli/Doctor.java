package dev.sluice.cli;

import dev.sluice.lease.Register;
import dev.sluice.lease.Registers;
import dev.sluice.monitor.ListenAddress;
import dev.sluice.os.MountTable;
import dev.sluice.store.StoreUrl;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Looks at whatever a node needs, and changes nothing that lasts: this machine, the directories,
 * the stores, the lease, and whether the configuration makes sense. One thread.
 */
final class Doctor {
  private static final long LITTLE_BYTES = 1L << 30;
  private static final long TOO_LITTLE_BYTES = 64L << 20;
  private static final Pattern KERNEL = Pattern.compile("(\\d+)\\.(\\d+).*");

  /** From which on mounts are tested. */
  private static final int KERNEL_MAJOR = 5;

  private static final Duration LEASE_PATIENCE = Duration.ofSeconds(5);

  private final SluiceConfig config;
  private final List<Finding> findings = new ArrayList<>();

  private Doctor(SluiceConfig config) {
    this.config = config;
  }

  static List<Finding> examine(SluiceConfig config) {
    Doctor doctor = new Doctor(config);
    doctor.configuration();
    doctor.kernel();
    if (!doctor.isReplicate()) {
      doctor.fuse();
      doctor.mountPoint();
    }
    doctor.sqlite();
    doctor.data();
    doctor.listen();
    doctor.security();
    doctor.stores().forEach(url -> doctor.findings.addAll(StoreExam.of(url)));
    doctor.lease();
    doctor.primary();
    return doctor.findings;
  }

  private void ok(String check, String what) {
    findings.add(Finding.ok(check, what));
  }

  private void warn(String check, String what, String whatToDo) {
    findings.add(Finding.warning(check, what, whatToDo));
  }

  private void fail(String check, String what, String whatToDo) {
    findings.add(Finding.failed(check, what, whatToDo));
  }

  /** Settings that only {@code sluice replicate} has, and none of a mount. */
  private boolean isReplicate() {
    return config.mount() == null
        && SluiceConfig.KEYS.stream()
            .anyMatch(key -> key.use() == ConfigKey.Use.REPLICATE && config.said().has(key));
  }

  private void configuration() {
    List<ConfigAdvice> advice = ConfigAdvice.of(config);
    for (ConfigAdvice one : advice) {
      findings.add(
          new Finding(
              "configuration",
              one.isError() ? Finding.Verdict.FAILED : Finding.Verdict.WARNING,
              one.what(),
              one.whatToDo()));
    }
    if (advice.isEmpty()) {
      ok("configuration", "every key is known, and none contradicts another");
    }
  }

  private void kernel() {
    String version = System.getProperty("os.version", "");
    Matcher parts = KERNEL.matcher(version);
    String what = System.getProperty("os.name") + " " + version;
    if (!System.getProperty("os.name", "").equals("Linux")) {
      fail("kernel", what, "run Sluice on Linux");
    } else if (parts.matches() && Integer.parseInt(parts.group(1)) < KERNEL_MAJOR) {
      warn("kernel", what + ": mounts are tested from Linux " + KERNEL_MAJOR + " on", "update it");
    } else {
      ok("kernel", what);
    }
  }

  private void fuse() {
    Path device = Path.of("/dev/fuse");
    if (!Files.exists(device)) {
      fail(
          "FUSE",
          device + " is not there",
          "load the module (modprobe fuse); in a container add --device /dev/fuse --cap-add SYS_ADMIN;"
              + " or use 'sluice replicate', which mounts nothing");
    } else if (!Files.isReadable(device) || !Files.isWritable(device)) {
      fail("FUSE", "no right to use " + device, "run as a user that may, such as one of its group");
    } else {
      ok("FUSE", device + " can be used");
    }
    boolean helper =
        Stream.of(System.getenv().getOrDefault("PATH", "").split(":", -1))
            .filter(directory -> !directory.isEmpty())
            .anyMatch(directory -> Files.isExecutable(Path.of(directory, "fusermount")));
    if (helper) {
      ok("fusermount", "found");
    } else {
      fail("fusermount", "not on the PATH", "install it: package fuse or fuse3");
    }
  }

  private void mountPoint() {
    Path mount = config.mount();
    if (mount == null) {
      return;
    }
    String check = "mount point " + mount;
    try {
      if (MountTable.at(mount.toAbsolutePath().normalize()) != null) {
        warn(
            check,
            "something is mounted there",
            "unmount it before the start, unless it is the node");
      } else if (!Files.exists(mount)) {
        makeable(check, mount);
      } else if (!Files.isDirectory(mount)) {
        fail(check, "it is no directory", "name another");
      } else {
        empty(check, mount);
      }
    } catch (IOException e) {
      fail(check, Errors.line(e), "name a directory that this user may read");
    }
  }

  private void empty(String check, Path mount) throws IOException {
    try (Stream<Path> entries = Files.list(mount)) {
      if (entries.findAny().isPresent()) {
        fail(
            check,
            "it is not empty",
            "name an empty directory: the mount would hide what is in it");
      } else {
        ok(check, "an empty directory");
      }
    }
  }

  /** Of what is not there: its nearest parent that is must be writable. */
  private void makeable(String check, Path directory) {
    Path parent = existing(directory);
    if (parent != null && Files.isDirectory(parent) && Files.isWritable(parent)) {
      ok(check, "not there yet; it will be made");
    } else {
      fail(check, "not there, and this user can't make it", "make it, and give it to this user");
    }
  }

  private static @Nullable Path existing(Path path) {
    Path above = path.toAbsolutePath().normalize();
    while (above != null && !Files.exists(above)) {
      above = above.getParent();
    }
    return above;
  }

  private void sqlite() {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite::memory:");
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SELECT sqlite_version()")) {
      ok(
          "SQLite",
          "Sluice checks backups with "
              + (rows.next() ? rows.getString(1) : "an unknown version")
              + "; applications use their own");
    } catch (SQLException | LinkageError e) {
      warn(
          "SQLite",
          "its library can't be loaded: " + e.getMessage(),
          "check that the temporary directory allows programs (-Djava.io.tmpdir=DIR)");
    }
  }

  private void data() {
    Path data = config.data();
    if (data == null) {
      warn("data directory", "none is named", "add --data DIR, or 'data' to the configuration");
      return;
    }
    String check = "data directory " + data;
    try {
      if (!Files.exists(data)) {
        makeable(check, data);
      } else if (!Files.isDirectory(data)) {
        fail(check, "it is no directory", "name a directory");
      } else {
        writable(check, data);
      }
      space(data);
    } catch (IOException e) {
      fail(check, Errors.line(e), "name a directory that this user may read and write");
    }
  }

  private void writable(String check, Path data) throws IOException {
    if (DataDirectory.isHeld(data.resolve(DataDirectory.STATE))) {
      ok(check, "a node runs with it");
      return;
    }
    if (!Files.isWritable(data)) {
      fail(check, "this user can't write there", "give it to this user, or run as another");
      return;
    }
    Path probe = Files.createTempFile(data, ".sluice-doctor", "");
    try {
      Files.write(probe, new byte[4096]);
    } finally {
      Files.delete(probe);
    }
    ok(check, "can be written");
  }

  private void space(Path data) throws IOException {
    Path there = existing(data);
    if (there == null) {
      return;
    }
    FileStore disk = Files.getFileStore(there);
    long free = disk.getUsableSpace();
    String what = Show.bytes(free) + " of " + Show.bytes(disk.getTotalSpace()) + " are free";
    if (free < TOO_LITTLE_BYTES) {
      fail("free space", what, "make room: commits fail on a full disk");
    } else if (free < LITTLE_BYTES) {
      warn(
          "free space",
          what,
          "make room: while a store is away, the log of each database grows to "
              + config.shipping().logLimit());
    } else {
      ok("free space", what);
    }
  }

  private void listen() {
    ListenAddress address = config.listen();
    if (address == null) {
      return;
    }
    String check = "listen " + address;
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(
          address.host().isEmpty()
              ? new InetSocketAddress(address.port())
              : new InetSocketAddress(InetAddress.getByName(address.host()), address.port()));
      ok(check, "free");
    } catch (IOException | SecurityException e) {
      warn(
          check,
          "can't be taken: " + e.getMessage(),
          "stop what listens there, unless it is the node");
    }
  }

  private void security() {
    try {
      config.security().protection();
      config.security().access();
      if (SecuritySettings.KEYS.stream().anyMatch(config.said()::has)) {
        ok("tokens and TLS", "all files and variables can be read");
      }
    } catch (IOException e) {
      fail("tokens and TLS", Errors.line(e), "correct what it names; docs/security.md");
    }
  }

  /** Those of all databases, and those of single ones. */
  private Set<StoreUrl> stores() {
    Set<StoreUrl> urls = new LinkedHashSet<>(config.store());
    config.databases().forEach(database -> urls.addAll(database.store()));
    return urls;
  }

  private void lease() {
    String lease = config.cluster().lease();
    if (lease == null || config.cluster().isStatic()) {
      return;
    }
    String check = "lease";
    try (Register register = Registers.open(lease, LEASE_PATIENCE)) {
      ok(check, register.read().isPresent() ? "can be read; a node had it" : "can be read; free");
    } catch (IOException | IllegalArgumentException e) {
      fail(check, Errors.line(e), "check 'lease': its URL, the credentials, the network");
    }
  }

  private void primary() {
    NodeUrl follow = config.follow();
    if (follow == null) {
      return;
    }
    String check = "primary " + follow;
    try {
      ok(check, "answers: " + follow.client(config.security().access()).status().role());
    } catch (IOException e) {
      warn(check, Errors.line(e), "start it, or correct 'follow'");
    }
  }
}
