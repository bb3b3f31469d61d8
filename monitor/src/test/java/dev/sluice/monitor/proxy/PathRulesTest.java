package dev.sluice.monitor.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class PathRulesTest {
  @Test
  void byMethod() {
    PathRules rules = new PathRules(List.of(), List.of());
    assertThat(List.of("GET", "HEAD", "OPTIONS")).noneMatch(m -> rules.isWrite(m, "/"));
    assertThat(List.of("POST", "PUT", "PATCH", "DELETE", "MKCOL"))
        .allMatch(m -> rules.isWrite(m, "/"));
  }

  @Test
  void byPath() {
    PathRules rules =
        new PathRules(List.of("/logout", "/admin/**", "/*.php"), List.of("/graphql", "/admin/q"));
    assertThat(List.of("/logout", "/admin/", "/admin/a/b", "/x.php"))
        .allMatch(path -> rules.isWrite("GET", path));
    assertThat(List.of("/logout/", "/admin", "/a/x.php", "/"))
        .noneMatch(path -> rules.isWrite("GET", path));
    assertThat(rules.isWrite("POST", "/graphql")).isFalse();
    assertThat(rules.isWrite("POST", "/graphql/x")).isTrue();
    assertThat(rules.isWrite("POST", "/admin/q")).isTrue();
  }
}
