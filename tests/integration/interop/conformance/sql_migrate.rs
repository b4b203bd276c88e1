//! sql-migrate: names of files, and holes that it closes.

use super::*;

fn file(table: &str) -> String {
    format!("-- +migrate Up\nCREATE TABLE {table} (x);\n-- +migrate Down\nDROP TABLE {table};\n")
}

/// 1 and 3 are applied, 2 came later.
fn with_a_hole() -> Site {
    let site = site("sql-migrate", &[("1_a.sql", &file("a")), ("3_c.sql", &file("c"))]);
    done(&site, &["up"]);
    fs::write(site.migrations().join("2_b.sql"), file("b")).unwrap();
    site
}

#[test]
fn a_hole_is_closed_on_the_way_up() {
    let site = with_a_hole();
    done(&site, &["up"]);
    assert_eq!(ask(&site, "SELECT id FROM gorp_migrations ORDER BY rowid"), "1_a.sql 3_c.sql 2_b.sql");
}

#[test]
fn a_hole_is_refused_on_the_way_down() {
    let site = with_a_hole();
    let words = not_done(&site, &["down", "1"]);
    assert!(words.contains("2_b.sql") && ask(&site, TABLES) == "a c", "{words}");
}

#[test]
fn a_row_without_a_file_is_refused() {
    let site = with_a_hole();
    sql(&site, "INSERT INTO gorp_migrations VALUES ('9_z.sql', '2026-11-21 00:05:48.349566024+01:00')");
    for command in [&["up"] as &[&str], &["down", "1"]] {
        let words = not_done(&site, command);
        assert!(words.contains("9_z.sql"), "{words}");
    }
}

#[test]
fn times_are_read_in_every_form() {
    for time in ["2026-11-21 00:05:48.349566024+01:00", "2026-11-20T23:00:00Z", "2026-11-20 23:00:00"] {
        let site = site("sql-migrate", &[("1_a.sql", &file("a")), ("2_b.sql", &file("b"))]);
        done(&site, &["up", "1"]);
        sql(&site, &format!("UPDATE gorp_migrations SET applied_at = '{time}'"));
        done(&site, &["up"]);
        assert_eq!(ask(&site, TABLES), "a b");
    }
}
