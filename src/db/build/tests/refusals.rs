//! What is refused, and by which name.

use super::*;

fn refusal(world: &World) -> String {
    let error = world.build().unwrap_err();
    crate::causes::in_one_line(&error)
}

impl World {
    fn change(&mut self, file: &str, from: &str, to: &str) {
        let text = String::from_utf8(self.files[file].clone()).unwrap();
        assert!(text.contains(from), "{text}");
        self.files.insert(file.to_owned(), text.replace(from, to).into_bytes());
    }
}

/// What is said once this was replaced in a file of the mapping.
fn changed(file: &str, from: &str, to: &str) -> String {
    let mut world = World::new(ROWS);
    world.change(file, from, to);
    refusal(&world)
}

// FM-60
#[test]
fn what_is_neither_carried_nor_dropped_is_refused_by_name() {
    let column = changed("import.toml", "without = { lid = \"lids are lost\" }", "");
    assert!(column.contains("the old column `pans.lid` is neither carried nor dropped"), "{column}");
    let table = World::of(&format!("{OLD} CREATE TABLE spoons (a)"), "", NEW, SQL, TOML);
    assert!(refusal(&table).contains("the old table `spoons` is neither carried nor dropped"));
    let numbers =
        World::of(&format!("{OLD} CREATE TABLE n (id INTEGER PRIMARY KEY AUTOINCREMENT)"), "", NEW, SQL, TOML);
    assert!(refusal(&numbers).contains("`sqlite_sequence` is neither carried nor dropped"));
}

#[test]
fn what_is_named_and_not_there_is_refused_by_name() {
    let old = changed("import.toml", "without = { colour =", "without = { color =");
    assert!(old.contains("the old column `pots.color` is named and not there"), "{old}");
    let new = changed("import.toml", "same = { words = \"words\" }", "same = { words = \"text\" }");
    assert!(new.contains("the new column `notes.text` is named and not there"), "{new}");
    let table = changed("import.toml", "table = \"notes\"", "table = \"remarks\"");
    assert!(table.contains("the new table `remarks` is named and not there"), "{table}");
    let told = changed("import.toml", "told_by = \"kind = 'pot'\"", "told_by = \"sort = 'pot'\"");
    assert!(told.contains("no such column: sort"), "{told}");
    let sql = changed("rows.sql", "FROM old.pans", "FROM old.pens");
    assert!(sql.contains("line 2 of `rows.sql`") && sql.contains("no such table: old.pens"), "{sql}");
}

#[test]
fn a_mapping_reads_the_old_and_writes_rows_of_the_new_and_nothing_else() {
    for (statement, what) in [
        ("DELETE FROM old.pots", "a write to `old.pots`"),
        ("CREATE TABLE main.x (a)", "a change of the schema"),
        ("DROP INDEX main.vessels_by_kind", "a "),
        ("PRAGMA user_version = 3", "PRAGMA user_version"),
        ("ATTACH 'x' AS y", "ATTACH"),
        ("COMMIT", "a transaction of its own"),
        ("CREATE TEMP TABLE t (a)", "a "),
    ] {
        let mut world = World::new(ROWS);
        world.change("rows.sql", "INSERT INTO main.notes", &format!("{statement};\nINSERT INTO main.notes"));
        let said = refusal(&world);
        assert!(said.contains("`rows.sql` uses ") && said.contains(what) && said.contains("at line 3"), "{said}");
    }
}

#[test]
fn what_would_be_another_value_the_next_time_is_refused_wherever_it_hides() {
    let view = "CREATE VIEW some AS SELECT name FROM pots ORDER BY random()";
    let sql = format!("{SQL} INSERT INTO main.notes SELECT 'pot-1', name FROM old.some;");
    let said = refusal(&World::of(&format!("{OLD} {view};"), ROWS, NEW, &sql, TOML));
    assert!(said.contains("`rows.sql` uses random() at line 3"), "{said}");
    let new = NEW.replace("words TEXT)", "words TEXT, made INTEGER DEFAULT (unixepoch('now')))");
    let sql = SQL.replace("main.notes SELECT", "main.notes (vessel, words) SELECT");
    let said = refusal(&World::of(OLD, ROWS, &new, &sql, TOML));
    assert!(said.contains("line 3 of `rows.sql` leaves `notes.made` to its default, unixepoch('now')"), "{said}");
}

#[test]
fn all_that_does_not_compile_is_named_at_once() {
    let mut world = World::new(ROWS);
    world.change("rows.sql", "FROM old.pans", "FROM old.pens");
    world.change("rows.sql", "FROM old.notes", "FROM old.memos");
    world.change("import.toml", "told_by = \"kind = 'pot'\"", "told_by = \"sort = 'pot'\"");
    let said = refusal(&world);
    for wrong in ["no such table: old.pens", "no such table: old.memos", "no such column: sort"] {
        assert!(said.contains(wrong), "{said}");
    }
}

#[test]
fn rows_that_can_be_mended_are_told_from_a_mapping_that_cannot_be_used() {
    let of_the_data = |world: &World| world.build().unwrap_err().is_of_the_data();
    for rows in [
        "INSERT INTO pots VALUES (2, NULL, '')",
        "INSERT INTO notes VALUES (7, 'about no pot')",
        "INSERT INTO pots VALUES (1, '', '')",
    ] {
        assert!(of_the_data(&World::new(rows)), "{rows}");
    }
    let mut json = World::new("INSERT INTO pots VALUES (1, 'no json', '')");
    json.change("rows.sql", "'pot', name", "'pot', json_extract(name, '$')");
    assert!(of_the_data(&json), "{}", refusal(&json));
    let mut forgetful = World::new(ROWS);
    forgetful.change("rows.sql", "FROM old.pots", "FROM old.cups");
    assert!(!of_the_data(&forgetful));
}

#[test]
fn every_row_that_breaks_a_constraint_is_named_with_its_key() {
    // FM-58: all of them, and not the first only.
    let world =
        World::new("INSERT INTO pots VALUES (1, 'wok', ''), (2, NULL, ''), (3, 'a very long name', ''), (4, NULL, '')");
    let said = refusal(&world);
    assert!(said.starts_with("3 rows do not fit"), "{said}");
    for culprit in [
        "`vessels` id = 'pot-2': NOT NULL constraint failed: vessels.name",
        "`vessels` id = 'pot-3': CHECK constraint failed: length(name) < 9",
        "`vessels` id = 'pot-4': NOT NULL constraint failed: vessels.name",
    ] {
        assert!(said.contains(culprit), "{said}");
    }
    let strict = World::new("INSERT INTO notes VALUES (1, x'00')");
    assert!(
        refusal(&strict).contains("`notes` vessel = 'pot-1', words = a blob of 1 bytes: cannot store BLOB value"),
        "{}",
        refusal(&strict)
    );
    let many = World::new(
        "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 250) INSERT INTO pots SELECT i, NULL, '' FROM n",
    );
    let said = refusal(&many);
    assert!(said.starts_with("250 rows do not fit") && said.ends_with("\n    and 150 more"), "{said}");
}

#[test]
fn keys_that_are_the_same_after_a_merge_are_named() {
    let rows = "INSERT INTO pots VALUES (1, 'wok', ''), (2, 'kettle', ''); INSERT INTO pans VALUES (1, 'wok', 0)";
    let said = refusal(&World::new(rows));
    assert!(
        said.contains("1 row does not fit: `vessels` id = 'pan-1': UNIQUE constraint failed: vessels.name"),
        "{said}"
    );
    // An index that is made once all rows are there.
    let new = NEW.replace(" UNIQUE,", ",").replace(
        "CREATE INDEX",
        "CREATE UNIQUE INDEX one_name ON vessels (name COLLATE NOCASE) WHERE kind <> ''; CREATE INDEX",
    );
    let said = refusal(&World::of(OLD, &rows.replace("(1, 'wok', 0)", "(1, 'WOK', 0)"), &new, SQL, TOML));
    assert!(
        said.starts_with("2 rows do not fit:\n")
            && said.contains("`vessels` id = 'pan-1'")
            && said.contains("`vessels` id = 'pot-1': UNIQUE"),
        "{said}"
    );
}

#[test]
fn references_that_lead_nowhere_are_named() {
    let rows = "INSERT INTO pots VALUES (1, 'wok', ''); INSERT INTO notes VALUES (1, 'a'), (2, 'b'), (3, 'c')";
    let said = refusal(&World::new(rows));
    assert!(
        said.contains("2 rows do not fit:\n    `notes` row 2: FOREIGN KEY (vessel) refers to no row of vessels\n"),
        "{said}"
    );
    let new = NEW.replace("words TEXT) STRICT", "words TEXT NOT NULL, PRIMARY KEY (words)) STRICT, WITHOUT ROWID");
    let said = refusal(&World::of(OLD, rows, &new, SQL, TOML));
    assert!(
        said.contains("`notes` words = 'b': FOREIGN KEY") && said.contains("`notes` words = 'c': FOREIGN KEY"),
        "{said}"
    );
}

#[test]
fn rows_that_get_lost_or_change_on_the_way_are_noticed() {
    let reason = changed("import.toml", "left = \"they are about nothing\"", "");
    assert!(reason.contains("2 rows of the old table `notes` are not carried"), "{reason}");
    let lost = changed("rows.sql", "FROM old.pots", "FROM old.pots WHERE id = 1");
    assert!(
        lost.contains("the new table `vessels` has 2 rows, and not 3 (0 of the migrations, 2 of `pots`, 1 of `pans`)")
            || lost.contains("refers to no row"),
        "{lost}"
    );
    let value = changed("rows.sql", "'pan', name", "'pan', upper(name)");
    assert!(
        value.contains("`vessels` (name) is not the same as in `pans`")
            && value.contains("old ('crepe'), new ('CREPE')"),
        "{value}"
    );
    let check = changed("import.toml", "name = ''\"", "name = 'wok'\"");
    assert!(check.contains("every vessel has a name: 'pot-1'"), "{check}");
}

#[test]
fn rows_whose_target_nobody_can_tell_are_refused() {
    let said = changed("import.toml", "told_by = \"kind = 'pot'\"", "");
    assert!(said.contains("`vessels` has other rows than those of `pots`: say by `told_by`"), "{said}");
}

#[test]
fn a_source_that_is_not_the_one_that_the_mapping_reads_is_refused() {
    let other = changed("import.toml", "schema = 8", "schema = 7");
    assert!(other.contains("the mapping reads schema 7") && other.contains("the old database has schema 8"), "{other}");
    let world = World::new(ROWS);
    let connection = Connection::open(world.path("old.db")).unwrap();
    connection.execute_batch("CREATE INDEX more ON pots (name)").unwrap();
    assert!(refusal(&world).contains("and the old database has schema 8 with the fingerprint"));
    connection.execute_batch("DROP INDEX more; UPDATE schema_migrations SET dirty = 1").unwrap();
    assert!(matches!(world.build(), Err(BuildError::Source { .. })));
}

#[test]
fn a_source_with_a_log_beside_it_is_refused() {
    let world = World::new(ROWS);
    fs::write_new(&world.path("old.db-wal"), b"frames").unwrap();
    let error = world.build().unwrap_err();
    assert!(matches!(&error, BuildError::Busy { path } if path.ends_with("old.db-wal")), "{error}");
}

#[test]
fn a_trigger_of_the_new_schema_does_not_run() {
    let new = format!("{NEW} CREATE TRIGGER t AFTER INSERT ON notes BEGIN DELETE FROM vessels; END;");
    assert!(World::of(OLD, ROWS, &new, SQL, TOML).build().is_ok());
}
