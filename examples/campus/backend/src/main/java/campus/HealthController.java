package campus;

import java.util.Map;
import org.springframework.boot.actuate.health.HealthEndpoint;
import org.springframework.boot.actuate.health.Status;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@RestController
class HealthController {
  private final HealthEndpoint health;
  private final Release release;

  HealthController(HealthEndpoint health, Release release) {
    this.health = health;
    this.release = release;
  }

  @GetMapping("/api/health")
  ResponseEntity<Map<String, String>> health() {
    Status status = health.health().getStatus();
    Map<String, String> body = Map.of("status", status.getCode(), "version", release.version());
    return ResponseEntity.status(status.equals(Status.UP) ? 200 : 503).body(body);
  }
}
