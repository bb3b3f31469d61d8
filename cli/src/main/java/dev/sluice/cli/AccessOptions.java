package dev.sluice.cli;

import dev.sluice.access.Access;
import dev.sluice.access.TokenSource;
import dev.sluice.access.TrustFiles;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The flags of every command that asks a node, for use as a mixin. There is none for a token
 * itself: every user of a machine can read command lines.
 */
final class AccessOptions {
  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      description =
          "File with the token to show to the node (default: the environment variable SLUICE_TOKEN).")
  private @Nullable Path tokenFile;

  @Option(
      names = "--ca",
      paramLabel = "FILE",
      description = "PEM file with the authorities that sign nodes' certificates.")
  private @Nullable Path ca;

  @Option(
      names = "--certificate",
      paramLabel = "FILE",
      description = "PEM file with the certificate to show to a node that asks for one.")
  private @Nullable Path certificate;

  @Option(names = "--key", paramLabel = "FILE", description = "PEM file with its private key.")
  private @Nullable Path key;

  @Spec(Spec.Target.MIXEE)
  private @Nullable CommandSpec command;

  /** What the flags say. */
  Settings settings() {
    if ((certificate == null) != (key == null) && command != null) {
      throw new ParameterException(
          command.commandLine(), "--certificate needs --key, and --key needs --certificate");
    }
    TrustFiles trust = new TrustFiles(ca, certificate, key);
    return Settings.of(
            SecuritySettings.TRUST,
            trust.equals(TrustFiles.NONE) ? null : trust,
            ConfigSource.flag(ca == null ? "--certificate" : "--ca"))
        .overriddenBy(
            Settings.of(
                SecuritySettings.TOKEN,
                tokenFile == null ? null : new TokenSource(tokenFile, null),
                ConfigSource.flag("--token-file")));
  }

  /** How the command asks nodes. */
  Access access() throws IOException {
    return new SecuritySettings(settings()).access();
  }
}
