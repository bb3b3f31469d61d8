package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ExitStatusTest {
  @Test
  void thePageHasThemAll() throws Exception {
    List<String> rows =
        Files.readAllLines(Path.of("../docs/exit-codes.md")).stream()
            .filter(line -> line.matches("\\| [0-9].*"))
            .map(line -> line.split(" \\| ", 3)[0].substring(2) + " " + line.split(" \\| ", 3)[1])
            .toList();
    assertThat(rows)
        .isEqualTo(
            ExitStatus.MEANINGS.stream().map(one -> one.status() + " " + one.text()).toList());
  }

  @Test
  void eachHasAMeaning() throws Exception {
    List<Integer> constants = new ArrayList<>();
    for (Field field : ExitStatus.class.getDeclaredFields()) {
      if (field.getType() == int.class) {
        constants.add(field.getInt(null));
      }
    }
    assertThat(ExitStatus.MEANINGS)
        .extracting(ExitStatus.Meaning::status)
        .containsExactlyElementsOf(constants);
  }
}
