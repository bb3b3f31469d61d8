package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real shells complete what was typed. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class CompletionTest {
  private final Path script;
  private final Path directory;

  CompletionTest(@TempDir Path directory) {
    this.directory = directory;
    script = directory.resolve("completion");
  }

  private String complete(String shell, String program) throws Exception {
    assumeTrue(Run.find(shell).isPresent(), shell + " is not installed");
    Files.writeString(script, Run.sluice("completion", shell).ok().out());
    Run run =
        Run.process(
            List.of("env", "ZDOTDIR=" + directory, "XDG_CONFIG_HOME=" + directory),
            List.of("timeout", "30", shell, "-c", program, "x", script));
    assertThat(run.status()).as(run.err()).isZero();
    return run.out();
  }

  /** What bash does when somebody hits the tabulator. */
  private String bash(String... words) throws Exception {
    String program =
        "source \"$1\"; COMP_WORDS=(%s); COMP_CWORD=%d; COMP_LINE='%s'; COMP_POINT=${#COMP_LINE};"
                .formatted(String.join(" ", words), words.length - 1, String.join(" ", words))
            + " \"$(complete -p sluice | sed 's/.*-F \\([^ ]*\\) .*/\\1/')\"; printf '%s\\n' \"${COMPREPLY[@]}\"";
    return complete("bash", program);
  }

  @Test
  void bashCompletes() throws Exception {
    assertThat(bash("sluice", "res")).contains("restore");
    assertThat(bash("sluice", "ltx", "ver").lines()).contains("verify");
    assertThat(bash("sluice", "mount", "--ret")).contains("--retention");
  }

  @Test
  void zshTakesTheScript() throws Exception {
    assertThat(complete("zsh", "source \"$1\" && print -r -- ${_comps[sluice]}"))
        .contains("_bash_complete", "_complete_sluice");
  }

  /** From a directory of completions; typed in a terminal. */
  @Test
  void zshLoadsIt() throws Exception {
    String program =
        """
        zmodload zsh/zpty
        cp "$1" "${1:h}/_sluice"
        for typed in 'sluice res' 'sluice ltx ver' 'sluice mount --ret'; do
          zpty -b shell zsh -f -i
          zpty -w shell "PS1=; fpath=(${(q)1:h} \\$fpath); autoload -Uz compinit; compinit -u -D; print rea''dy"
          out=
          while [[ $out != *ready* ]]; do zpty -r shell line && out+=$line; done
          # The line is completed, and then is what print prints.
          zpty -w -n shell "$typed"$'\\t\\C-aprint -r -- com""pleted: \\r'
          while [[ $out != *completed:*$'\\n'* ]]; do zpty -r shell line && out+=$line; done
          print -r -- "$out"
          zpty -d shell
        done
        """;
    assertThat(complete("zsh", program).lines().map(String::strip))
        .contains("completed: sluice restore")
        .contains("completed: sluice ltx verify")
        .contains("completed: sluice mount --retention")
        .noneMatch(line -> line.contains("not found"));
  }

  @Test
  void fishCompletes() throws Exception {
    String program =
        "source $argv[2]; complete -C 'sluice res'; complete -C 'sluice ltx ver';"
            + " complete -C 'sluice mount --ret'; complete -C 'sluice config --ret'";
    assertThat(complete("fish", program).lines().map(line -> line.split("\t", 2)[0]))
        .containsExactly("restore", "verify", "--retention");
  }
}
