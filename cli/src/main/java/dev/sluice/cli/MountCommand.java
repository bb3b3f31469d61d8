package dev.sluice.cli;

import dev.sluice.fuse.binding.FuseBinding;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

@Command(
    name = "mount",
    description = {
      "Mount a data directory: every SQLite transaction below the mount point is captured, shipped to the store"
          + " and sent to followers. Applications need no change.",
      "Runs until it is stopped (SIGTERM, Ctrl-C) or unmounted; with a COMMAND, until that ends.",
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  sluice mount --data D --store file:///backups --listen 127.0.0.1:4480 MNT",
      "  sluice mount --data D2 --follow http://127.0.0.1:4480 --listen 127.0.0.1:4481 MNT2",
      "  sluice mount --data D --lease s3://bucket/lease --listen :4480 --advertise http://10.0.0.1:4480 MNT",
      "  sluice mount --data D --store file:///backups MNT -- python3 app.py MNT/app.db",
      "  sluice mount --data D2 --follow http://10.0.0.1:4480 --listen :4480 --proxy :8080=127.0.0.1:3000 MNT2",
    })
final class MountCommand extends CliCommand {
  @Mixin private NodeOptions options = new NodeOptions();

  @Option(
      names = "--follow",
      paramLabel = "URL",
      converter = NodeUrl.Converter.class,
      description = "Follow the primary at this URL; applications then only read.")
  private @Nullable NodeUrl follow;

  @Option(
      names = "--lease",
      paramLabel = "URL",
      description = {
        "Take turns with other nodes as the primary: the one that has this lease is, and the others follow it."
            + " s3://bucket/path, file:///shared/directory or etcd://host:2379/key, the same for all."
            + " static:primary and static:follower (with --follow) when you say it."
      })
  private @Nullable String lease;

  @Option(
      names = "--lease-ttl",
      paramLabel = "DURATION",
      converter = Durations.Converter.class,
      description = "How long the lease lasts without a renewal (default: 10s).")
  private @Nullable Duration leaseTtl;

  @Option(
      names = "--advertise",
      paramLabel = "URL",
      converter = NodeUrl.Converter.class,
      description = "Where other nodes reach this one (default: where it listens).")
  private @Nullable NodeUrl advertise;

  @Mixin private DurabilityOptions durability = new DurabilityOptions();

  @Option(
      names = "--proxy",
      paramLabel = "LISTEN=APP",
      converter = ProxySettings.Converter.class,
      description = {
        "Pass HTTP requests on to the application, such as :8080=127.0.0.1:3000, so that clients read on any node"
            + " what they wrote: reads wait for that, writes go to the primary."
      })
  private @Nullable ProxySettings proxy;

  @Option(
      names = "--fuse-binding",
      paramLabel = "BINDING",
      converter = FuseBindingConverter.class,
      description = "How to speak with the kernel, device or jnr-fuse (default: device).")
  private @Nullable FuseBinding fuseBinding;

  @Option(
      names = "--low-latency",
      negatable = true,
      description =
          "Keep processors from sleeping while applications write: commits up to twice as fast,"
              + " more power used. Needs root (default: in virtual machines, where allowed).")
  private @Nullable Boolean lowLatency;

  @Option(
      names = "--follower-open",
      paramLabel = "HOW",
      converter = FollowerOpenConverter.class,
      description =
          "How applications open databases while this node follows: read-write, so that writes get"
              + " SQLITE_BUSY (default), or read-only, so that they get SQLITE_READONLY at once.")
  private @Nullable FollowerOpen followerOpen;

  @Parameters(
      arity = "0..*",
      paramLabel = "MNT [-- COMMAND]",
      description = {
        "MNT is where applications find the databases: an empty directory. After '--': an application to run"
            + " under the mount; Sluice ends with it and with its status.",
      })
  private List<String> words = List.of();

  @Override
  boolean isLongRunning() {
    return true;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    int own = ownWords(words);
    if (own > 1) {
      throw usage("more than one mount point given: " + String.join(" ", words.subList(0, own)));
    }
    List<String> command = words.subList(own, words.size());
    SluiceConfig config = options.resolve(settings(own == 0 ? null : Path.of(words.get(0))));
    config.security().check(config.listen());
    Running running = new Running();
    try (Node node = Node.mounted(config)) {
      out().println("serving " + config.mount() + (node.url() == null ? "" : " and " + node.url()));
      out().flush();
      return command.isEmpty() ? waitUntilStopped(node, running) : running.run(command);
    }
  }

  private SluiceConfig settings(@Nullable Path mountPoint) {
    try {
      return SluiceConfig.ofMount(
          mountPoint,
          follow,
          new ClusterSettings(lease, leaseTtl, advertise, durability.settings()),
          fuseBinding,
          lowLatency,
          followerOpen,
          proxy == null ? ProxySettings.EMPTY : proxy);
    } catch (IllegalArgumentException e) {
      throw usage(String.valueOf(e.getMessage()));
    }
  }

  /** Until a signal, or until somebody unmounts it. */
  private static int waitUntilStopped(Node node, Running running) throws InterruptedException {
    Thread watch =
        new Thread(
            () -> {
              node.join();
              running.end();
            },
            "unmount-watch");
    watch.setDaemon(true);
    watch.start();
    running.await();
    return ExitStatus.OK;
  }

  static final class FollowerOpenConverter implements ITypeConverter<FollowerOpen> {
    @Override
    public FollowerOpen convert(String text) {
      try {
        return FollowerOpen.parse(text);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  static final class FuseBindingConverter implements ITypeConverter<FuseBinding> {
    @Override
    public FuseBinding convert(String text) {
      try {
        return FuseBinding.parse(text);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }
}
