package campus;

import java.time.Duration;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.stereotype.Component;

/** The courses' JSON in Redis. A cache that is down slows things down and breaks nothing. */
@Component
class CourseCache {
  private static final Logger LOG = LoggerFactory.getLogger(CourseCache.class);
  private static final Duration LIFE = Duration.ofSeconds(30);

  private final StringRedisTemplate redis;
  private final String key;

  CourseCache(StringRedisTemplate redis, Release release) {
    this.redis = redis;
    this.key = "campus:" + release.version() + ":courses";
  }

  /** The text, and how it was had: hit, miss or down. */
  record Answer(String text, String how) {}

  Answer through(Supplier<String> load) {
    String found;
    try {
      found = redis.opsForValue().get(key);
    } catch (DataAccessException error) {
      LOG.warn("cache not readable: {}", error.getClass().getSimpleName());
      return new Answer(load.get(), "down");
    }
    if (found != null) {
      return new Answer(found, "hit");
    }
    String text = load.get();
    try {
      redis.opsForValue().set(key, text, LIFE);
    } catch (DataAccessException error) {
      LOG.warn("cache not writable: {}", error.getClass().getSimpleName());
    }
    return new Answer(text, "miss");
  }
}
