package campus;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

@SpringBootApplication
public class CampusApplication {
  public static void main(String[] arguments) {
    SpringApplication.run(CampusApplication.class, arguments);
  }
}
