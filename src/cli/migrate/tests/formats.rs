//! The formats whose ledger lists what is applied.

use super::*;
use crate::digest::Sha256;

/// A directory of migrations in one format, and so far no database.
struct Site {
    directory: TempDir,
    format: &'static str,
}

impl Site {
    /// With these migrations, each of which makes the table of its letter.
    fn new(format: &'static str, names: &[&str]) -> Self {
        let site = Self { directory: tempfile::tempdir().unwrap(), format };
        fs::create_dir(site.directory.path().join("migrations")).unwrap();
        names.iter().for_each(|name| site.add(name));
        site
    }

    fn add(&self, name: &str) {
        let table = name.trim_end_matches(".sql").chars().last().unwrap();
        let (up, down) = (format!("CREATE TABLE {table} (x);"), format!("DROP TABLE {table};"));
        let text = match self.format {
            "goose" => format!("-- +goose Up\n{up}\n-- +goose Down\n{down}\n"),
            "dbmate" => format!("-- migrate:up\n{up}\n-- migrate:down\n{down}\n"),
            "sql-migrate" => format!("-- +migrate Up\n{up}\n-- +migrate Down\n{down}\n"),
            _ => up,
        };
        let directory = self.directory.path().join("migrations");
        fs::write(directory.join(name), text).unwrap();
        if self.format == "atlas" {
            vouch(&directory);
        }
    }

    fn sql(&self, sql: &str) {
        Connection::open(self.directory.path().join("data.db")).unwrap().execute_batch(sql).unwrap();
    }

    fn run(&self, verb: MigrateVerb) -> Reply {
        answer(&Migrate {
            database: Some(format!("sqlite:{}", self.directory.path().join("data.db").display())),
            dir: Some(self.directory.path().join("migrations")),
            format: Some(self.format.to_owned()),
            dry_run: false,
            yes: true,
            verb,
        })
    }

    fn up(&self) -> Reply {
        let reply = self.run(UP);
        assert_eq!(reply.outcome, Outcome::Done, "{reply:?}");
        reply
    }

    fn down(&self, count: usize) -> Reply {
        self.run(MigrateVerb::Down { count })
    }

    fn goto(&self, version: &str) -> Reply {
        self.run(MigrateVerb::Goto { version: version.to_owned() })
    }

    fn tables(&self) -> String {
        let sql = "SELECT coalesce(group_concat(name, ''), '') FROM
                   (SELECT name FROM sqlite_schema WHERE type = 'table' AND length(name) = 1 ORDER BY name)";
        let connection = Connection::open(self.directory.path().join("data.db")).unwrap();
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

/// Writes `atlas.sum`.
pub(super) fn vouch(directory: &std::path::Path) {
    let mut names: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    let (mut fed, mut all, mut lines) = (Vec::new(), String::new(), String::new());
    for name in names.iter().filter_map(|name| name.to_str()).filter(|name| name.ends_with(".sql")) {
        fed.extend(name.as_bytes());
        fed.extend(fs::read(directory.join(name)).unwrap());
        let entry = Sha256::of(&fed).base64();
        all += &format!("{name}{entry}");
        lines += &format!("{name} h1:{entry}\n");
    }
    let sum = format!("h1:{}\n{lines}", Sha256::of(all.as_bytes()).base64());
    fs::write(directory.join("atlas.sum"), sum).unwrap();
}

const NAMES: [&str; 3] = ["01_a.sql", "02_b.sql", "03_c.sql"];

/// What each format calls the migrations of `NAMES`.
const FORMATS: [(&str, [&str; 3]); 4] =
    [("goose", ["1", "2", "3"]), ("dbmate", ["01", "02", "03"]), ("sql-migrate", NAMES), ("atlas", ["01", "02", "03"])];

fn schema(format: &str, version: &str) -> Value {
    if format == "goose" { version.parse::<i64>().unwrap().into() } else { version.into() }
}

#[test]
fn every_format_goes_up_tells_where_it_stands_and_goes_back_where_it_can() {
    for (format, versions) in FORMATS {
        let site = Site::new(format, &NAMES);
        let one = site.run(MigrateVerb::Up { count: Some(1) });
        assert_eq!(one.body["to"]["schema"], schema(format, versions[0]), "{one:?}");
        assert_eq!(site.up().body["to"]["schema"], schema(format, versions[2]));
        assert_eq!(site.run(UP).outcome, Outcome::Nothing);
        assert_eq!(site.tables(), "abc");
        assert_eq!(site.run(MigrateVerb::Version).body["schema"], schema(format, versions[2]));
        let status = site.run(MigrateVerb::Status);
        let last = json!({
            "version": schema(format, versions[2]), "name": status.body["migrations"][2]["name"],
            "applied": true, "has_down": format != "atlas",
        });
        assert_eq!(status.body["migrations"][2], last);
        assert!(status.warnings.is_empty(), "{format}: {:?}", status.warnings);
        if format == "atlas" {
            for reply in [site.down(1), site.goto("01")] {
                assert_eq!((reply.outcome, code(&reply)), (Outcome::Refused, "no-way-back"));
            }
            continue;
        }
        assert_eq!(site.down(1).body["to"]["schema"], schema(format, versions[1]));
        assert_eq!(site.tables(), "ab");
        let unknown = site.goto("99");
        assert_eq!((code(&unknown), unknown.outcome), ("unknown-schema", Outcome::Refused));
        assert_eq!(site.goto(versions[0]).body["to"]["schema"], schema(format, versions[0]));
        assert_eq!(site.down(9).body["to"]["schema"], Value::Null);
        assert_eq!(site.tables(), "");
    }
}

#[test]
fn what_was_left_out_is_treated_as_its_engine_treats_it() {
    for (format, versions) in FORMATS {
        let site = Site::new(format, &[NAMES[0], NAMES[2]]);
        site.up();
        site.add(NAMES[1]);
        let status = site.run(MigrateVerb::Status);
        let warned = format!("left out, though a later migration is applied: {}", versions[1]);
        assert_eq!(status.warnings, [warned]);
        if matches!(format, "goose" | "atlas") {
            let refused = site.run(UP);
            assert_eq!(code(&refused), "left-out");
            let way_out = if format == "goose" { "-allow-missing" } else { "--exec-order non-linear" };
            assert!(refused.refusals[0].remedy.contains(way_out));
            assert_eq!(site.tables(), "ac");
            continue;
        }
        let down = site.down(1);
        if format == "sql-migrate" {
            // Its own way down would apply what was left out.
            assert_eq!(code(&down), "left-out");
            assert_eq!(site.tables(), "ac");
        } else {
            assert_eq!(down.body["to"]["schema"], schema(format, versions[0]));
            assert_eq!(site.tables(), "a");
            site.sql("INSERT INTO schema_migrations VALUES ('03'); CREATE TABLE c (x);");
        }
        site.add("04_d.sql");
        site.up();
        assert_eq!(site.tables(), "abcd", "{format}");
    }
}

#[test]
fn goose_takes_the_latest_back_first_wherever_it_stands() {
    let site = Site::new("goose", &NAMES);
    site.up();
    site.sql("UPDATE goose_db_version SET id = 9 WHERE version_id = 2");
    let reply = site.down(1);
    assert_eq!((site.tables().as_str(), &reply.body["to"]["schema"]), ("ac", &json!(3)));
    assert_eq!(code(&site.run(UP)), "left-out");
    site.down(1);
    assert_eq!(site.tables(), "a");
    assert_eq!(site.up().body["to"]["schema"], json!(3));
}

#[test]
fn the_order_is_that_of_the_engine() {
    // dbmate and Atlas compare names as texts, the others compare numbers.
    for (format, last) in [("goose", "10"), ("dbmate", "9"), ("sql-migrate", "10_a.sql"), ("atlas", "9")] {
        let site = Site::new(format, &["9_b.sql", "10_a.sql"]);
        assert_eq!(site.up().body["to"]["schema"], schema(format, last), "{format}");
    }
}

#[test]
fn a_row_that_no_file_explains_is_refused() {
    let site = Site::new("dbmate", &NAMES);
    site.up();
    site.sql("INSERT INTO schema_migrations VALUES ('99')");
    for reply in [site.run(UP), site.down(1), site.goto("01")] {
        assert_eq!(code(&reply), "unknown-schema");
        assert!(reply.refusals[0].message.contains("schema 99"), "{reply:?}");
    }
    assert!(site.run(MigrateVerb::Status).warnings[0].contains("what is applied cannot be told"));
}

#[test]
fn a_ledger_of_another_engine_is_named_with_the_flag_that_it_needs() {
    let site = Site::new("goose", &NAMES);
    site.sql("CREATE TABLE schema_migrations (version varchar(128) primary key)");
    let reply = site.run(UP);
    assert_eq!(reply.error.unwrap().remedy, "give `--format dbmate`, with the migrations that belong to it");
    assert_eq!(site.tables(), "");
}

#[test]
fn a_file_without_a_transaction_that_fails_is_told_and_its_ledger_says_what_it_can() {
    let site = Site::new("goose", &NAMES[..1]);
    let half = "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE TABLE z (x);\nINSERT INTO nowhere VALUES (1);\n";
    fs::write(site.directory.path().join("migrations/02_half.sql"), half).unwrap();
    let reply = site.run(UP);
    assert_eq!(
        (reply.outcome, &reply.body["schema"], &reply.body["dirty"]),
        (Outcome::Stranded, &json!(1), &json!(false))
    );
    let problem = reply.error.unwrap();
    assert!(problem.message.ends_with("and some of `02_half.sql` may be done"), "{}", problem.message);
    assert!(problem.remedy.starts_with("put back a backup"), "{}", problem.remedy);
    assert_eq!(site.tables(), "az");
}

#[test]
fn the_format_that_the_files_are_in_is_named_as_an_option() {
    let site = Site::new("goose", &["1_a.sql"]);
    let as_format = |format: &str| {
        answer(&Migrate {
            database: Some(format!("sqlite:{}", site.directory.path().join("data.db").display())),
            dir: Some(site.directory.path().join("migrations")),
            format: Some(format.to_owned()),
            dry_run: false,
            yes: true,
            verb: UP,
        })
    };
    let foreign = as_format("dbmate").error.unwrap();
    assert_eq!(foreign.remedy, "run the same command with `--format goose`");
    let own = as_format("command");
    assert_eq!(own.outcome, Outcome::Usage);
    assert!(own.error.unwrap().message.contains("migrates itself"));
}
