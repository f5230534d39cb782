package campus;

import org.springframework.dao.DataAccessException;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * PostgreSQL makes the JSON, and `select *` shows a newer schema's columns without asking for them: so the same
 * queries (the Python variant has them too) run on every schema version from 1 to 3.
 */
@RestController
@RequestMapping(produces = MediaType.APPLICATION_JSON_VALUE)
class CampusController {
  private final JdbcTemplate database;
  private final CourseCache cache;

  CampusController(JdbcTemplate database, CourseCache cache) {
    this.database = database;
    this.cache = cache;
  }

  @GetMapping("/api/courses")
  ResponseEntity<String> courses() {
    CourseCache.Answer answer = cache.through(() -> rows("""
        select c.*, d.name as department from courses c join departments d on d.id = c.department_id order by c.code"""));
    return ResponseEntity.ok().header("X-Cache", answer.how()).body(answer.text());
  }

  @GetMapping("/api/enrollment")
  String enrollment() {
    return rows("""
        select e.*, s.name as student, c.code as course from enrollments e
        join students s on s.id = e.student_id join courses c on c.id = e.course_id order by e.id""");
  }

  @GetMapping("/api/finances")
  String finances() {
    return rows("""
        select i.*, s.name as student, coalesce(sum(p.amount), 0) as paid from invoices i
        join students s on s.id = i.student_id left join payments p on p.invoice_id = i.id group by i.id, s.name order by i.id""");
  }

  @GetMapping("/api/academics")
  String academics() {
    return rows("""
        select g.*, s.name as student, c.code as course from grades g join enrollments e on e.id = g.enrollment_id
        join students s on s.id = e.student_id join courses c on c.id = e.course_id order by g.id""");
  }

  @ExceptionHandler(DataAccessException.class)
  ResponseEntity<String> unavailable() {
    return ResponseEntity.status(503).body("{\"error\": \"the data is not available now\"}");
  }

  private String rows(String query) {
    return database.queryForObject("select coalesce(json_agg(t), '[]')::text from (" + query + ") t", String.class);
  }
}
