package campus;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.springframework.boot.actuate.info.Info;
import org.springframework.boot.actuate.info.InfoContributor;
import org.springframework.boot.system.ApplicationHome;
import org.springframework.stereotype.Component;

/** The release that really runs: read from the files beside the jar, not from the environment. */
@Component
class Release implements InfoContributor {
  private final Path directory = new ApplicationHome(CampusApplication.class).getDir().toPath();
  private final String version = text("version.txt");

  String version() {
    return version;
  }

  /** Content of a file beside the jar, trimmed; empty when there is none. */
  String text(String name) {
    Path file = directory.resolve(name);
    try {
      return Files.exists(file) ? Files.readString(file).strip() : "";
    } catch (IOException cause) {
      throw new UncheckedIOException("cannot read " + file, cause);
    }
  }

  @Override
  public void contribute(Info.Builder builder) {
    builder.withDetail("build", java.util.Map.of("version", version));
  }
}
