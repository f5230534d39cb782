package campus;

import java.lang.management.ManagementFactory;
import org.springframework.boot.actuate.health.AbstractHealthIndicator;
import org.springframework.boot.actuate.health.Health;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.annotation.Lazy;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/** Does what `misbehave.txt` beside the jar asks for, so that a deployment has something to find: a name and seconds. */
@Component
@Lazy(false)
class CampusHealthIndicator extends AbstractHealthIndicator {
  private final String name;
  private final double seconds;

  CampusHealthIndicator(Release release) {
    String[] words = release.text("misbehave.txt").split("\\s+");
    name = words[0];
    seconds = words.length > 1 ? Double.parseDouble(words[1]) : 0;
  }

  @Override
  protected void doHealthCheck(Health.Builder builder) {
    double age = ManagementFactory.getRuntimeMXBean().getUptime() / 1000.0;
    boolean healthy = switch (name) {
      case "never-healthy" -> false;
      case "slow-start" -> age >= seconds;
      case "unhealthy-later" -> age < seconds;
      default -> true;
    };
    builder.status(healthy ? "UP" : "DOWN");
  }

  @EventListener(ApplicationReadyEvent.class)
  void crash() {
    if (name.equals("crash-loop")) {
      Runtime.getRuntime().halt(1);
    }
  }
}
