package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Run;
import dev.sluice.ltx.Position;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tokens and TLS from end to end, with what {@code docs/security.md} says to make. */
class SecurityTest {
  private static final String INSERT =
      "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]);"
          + " c.execute('create table if not exists t(x)'); c.execute('insert into t values(1)');"
          + " c.commit()";

  @RegisterExtension final Sandbox sandbox = new Sandbox();

  /** Runs the first commands of the documentation, for a node on this machine. */
  private void makeCertificatesAndTokens() throws Exception {
    String page = Files.readString(Path.of("../docs/security.md"));
    int begin = page.indexOf("```sh\n") + 6;
    String commands =
        page.substring(begin, page.indexOf("```", begin))
            .replace("db1.example.com", "localhost")
            .replace("10.0.0.1", "127.0.0.1");
    sandbox.run("bash", "-ec", "cd \"$0\"\n" + commands, sandbox.directory());
  }

  private List<String> secrets() throws Exception {
    return List.of(token("read"), token("follow"), token("admin"));
  }

  private String token(String scope) throws Exception {
    return Files.readString(sandbox.path(scope + ".token")).strip();
  }

  private void insert(Path database) throws Exception {
    sandbox.run("python3", "-c", INSERT, database);
  }

  private SluiceProcess primary() throws Exception {
    Files.writeString(
        sandbox.path("sluice.yml"),
        """
        data: data
        mount: mnt
        store: %s
        sync-interval: 100ms
        listen: 127.0.0.1:0
        tls: {certificate: node.pem, key: node.key}
        tokens:
          - {scope: read, file: read.token}
          - {scope: follow, file: follow.token}
          - {scope: admin, file: admin.token}
        """
            .formatted(sandbox.store()));
    return sandbox
        .sluice(
            "primary",
            "--verbose",
            "mount",
            "--fuse-binding",
            Sandbox.BINDING,
            "--config",
            sandbox.path("sluice.yml"))
        .serving();
  }

  private SluiceProcess follower(String url) throws Exception {
    return sandbox
        .sluice(
            "follower",
            "--verbose",
            "mount",
            "--data",
            sandbox.path("data2"),
            "--fuse-binding",
            Sandbox.BINDING,
            "--follow",
            url,
            "--ca",
            sandbox.path("ca.pem"),
            "--token-file",
            sandbox.path("follow.token"),
            "--listen",
            "127.0.0.1:0",
            sandbox.path("mnt2"))
        .serving();
  }

  private Run ask(String command, String scope, Object... more) {
    Object[] args =
        Stream.concat(
                Stream.of(
                    command,
                    "--ca",
                    sandbox.path("ca.pem"),
                    "--token-file",
                    sandbox.path(scope + ".token")),
                Stream.of(more))
            .toArray();
    return Run.sluice(args);
  }

  @Test
  void aFollowerWithATokenFollowsOverTls() throws Exception {
    makeCertificatesAndTokens();
    SluiceProcess primary = primary();
    String url = primary.url();
    assertThat(url).startsWith("https://127.0.0.1:");
    insert(sandbox.path("mnt/app.db"));
    Position position = sandbox.position("app.db");
    SluiceProcess follower = follower(url);
    sandbox.await(follower.url(), "app.db", position);

    // With a token, and without.
    ask("wait", "read", "--url", url, "--position", position, "app.db").ok();
    assertThat(ask("status", "read", "--url", url).ok().out()).contains("app.db");
    Run refused = ask("sync", "read", "--url", url, "app.db");
    assertThat(refused.status()).isEqualTo(1);
    assertThat(refused.err()).contains("the token has scope read, this needs admin");
    assertThat(ask("sync", "admin", "--url", url, "app.db").ok().out()).isEqualTo(position + "\n");
    Run stranger = Run.sluice("status", "--url", url, "--ca", sandbox.path("ca.pem"));
    assertThat(stranger.status()).isEqualTo(1);
    assertThat(stranger.err()).contains("asks for a token").contains("--token-file FILE");
    Run unverified = Run.sluice("wait", "--url", url, "--position", position, "app.db");
    assertThat(unverified.status()).isEqualTo(1);
    assertThat(unverified.err()).contains("can't be verified").contains("--ca FILE");

    // On the node's machine its files are enough.
    assertThat(Run.sluice("status", sandbox.path("data/app.db")).ok().out()).contains("app.db");
    assertThat(Run.sluice("sync", sandbox.path("data/app.db")).ok().out())
        .isEqualTo(position + "\n");
    Path address = sandbox.path("data/.sluice/node.url");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(address)))
        .isEqualTo("rw-------");

    // No secret is where others can read it.
    for (SluiceProcess process : List.of(primary, follower)) {
      Path commandLine = Path.of("/proc/" + process.process().pid() + "/cmdline");
      String words = Files.readString(commandLine, StandardCharsets.ISO_8859_1);
      assertThat(words).doesNotContain(secrets());
    }
    String owner = Files.readString(address).replaceFirst(".*\"token\":\"([0-9a-f]+)\".*", "$1");
    assertThat(owner).hasSize(64);
    follower.stop();
    primary.stop();
    for (SluiceProcess process : List.of(primary, follower)) {
      assertThat(process.toString() + process.err())
          .doesNotContain(secrets())
          .doesNotContain(owner);
    }
  }

  @Test
  void aFollowerWithoutItsTokenSaysSo() throws Exception {
    makeCertificatesAndTokens();
    String url = primary().url();
    SluiceProcess follower =
        sandbox.sluice(
            "follower",
            "follow",
            url,
            "app.db",
            sandbox.path("copy.db"),
            "--ca",
            sandbox.path("ca.pem"),
            "--token-file",
            sandbox.path("read.token"));
    follower.serving();
    awaitError(follower, "answered 403: this node's token does not allow it to follow");
    Files.copy(
        sandbox.path("admin.token"),
        sandbox.path("read.token"),
        StandardCopyOption.REPLACE_EXISTING);
    insert(sandbox.path("mnt/app.db"));
    awaitError(follower, "following " + url);
  }

  private static void awaitError(SluiceProcess process, String wanted) throws Exception {
    long deadline = System.nanoTime() + Subprocess.LIMIT_SECONDS * 1_000_000_000L;
    while (!process.err().contains(wanted)) {
      assertThat(System.nanoTime()).as(process.toString()).isLessThan(deadline);
      Thread.sleep(20);
    }
  }

  @Test
  void otherMachinesAreNotServedWithoutProtection() throws Exception {
    Path data = sandbox.path("data");
    Path mnt = sandbox.path("mnt");
    SluiceProcess refused =
        sandbox.sluice("refused", "mount", "--data", data, "--listen", "0.0.0.0:0", mnt);
    assertThat(refused.status()).isEqualTo(1);
    assertThat(refused.err())
        .contains("will not listen on 0.0.0.0:0")
        .contains("'tokens'")
        .contains("--insecure");
    assertThat(data).doesNotExist();
    Object[] replicate = {"replicate", "--data", sandbox.directory(), "--listen", ":0"};
    assertThat(sandbox.sluice("refused", replicate).status()).isEqualTo(1);
    Object[] follow = {
      "follow", "http://127.0.0.1:1", "a.db", sandbox.path("copy.db"), "--listen", ":0"
    };
    assertThat(sandbox.sluice("refused", follow).status()).isEqualTo(1);
    SluiceProcess insecure =
        sandbox
            .sluice("insecure", "mount", "--data", data, "--listen", "0.0.0.0:0", "--insecure", mnt)
            .serving();
    assertThat(insecure.err()).contains("everybody who reaches it may read all databases");
    assertThat(Http.text(insecure.url() + "/healthz")).contains("ok");
    insecure.stop();
  }

  /** What plain nodes don't need costs them neither time nor memory. */
  @Test
  void aPlainNodeLoadsNoTls() throws Exception {
    SluiceProcess plain = sandbox.primary();
    Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
    String classes = sandbox.run(jcmd, plain.process().pid(), "VM.class_hierarchy");
    assertThat(classes)
        .contains("org.eclipse.jetty.server.Server/")
        .doesNotContain("SslContextFactory", "dev.sluice.monitor.Tls/", "dev.sluice.access.Pem");
    plain.stop();
  }
}
