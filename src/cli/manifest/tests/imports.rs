//! What the import of a release must be before the release is entered.

use super::*;

const SQL: (&str, &str) = ("import/from-v1/rows.sql", "INSERT INTO main.c SELECT b FROM old.a;");

/// 1.4.0 is entered, and 2.0.0 is named with an import; its archive has this mapping.
fn desk(table: &str, fingerprint: Option<&str>) -> (Desk, PathBuf) {
    let desk = Desk::new();
    desk.begin();
    assert_eq!(code(&desk.add(desk.archive("gantry-1.4.0"), None, &[])), DONE);
    let release = "\n[[release]]\nversion = \"2.0.0\"\nschema = 101\nreads = [101]\nfrom = \">=1.4.0\"\nimport = \"import/from-v1\"\n";
    let text = desk.text("gantry.toml");
    desk.write("gantry.toml", &format!("{text}{release}"));
    let older = desk.manifest().releases[0].fingerprint.unwrap().to_string();
    let fingerprint = fingerprint.unwrap_or(&older);
    let mapping = format!(
        "format = 1\nsql = [\"rows.sql\"]\n[[from]]\nschema = 4\nfingerprint = \"{fingerprint}\"\n[[table]]\n\
         name = \"{table}\"\n[[table.into]]\ntable = \"c\"\nsame = {{ b = \"b\" }}\n"
    );
    // The same name as the older migration's: an archive has its own major's only.
    let migration = ("migrations/101_c.up.sql", "CREATE TABLE c(b) STRICT;".replace("b)", "b ANY)"));
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let files = [("bin/gantry", "program"), (migration.0, &migration.1), ("import/from-v1/import.toml", &mapping), SQL];
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o755);
        builder.append_data(&mut header, format!("gantry-2.0.0/{name}"), content.as_bytes()).unwrap();
    }
    let archive = desk.at("two.tar.gz");
    fs::write_durable(&archive, &builder.into_inner().unwrap().finish().unwrap(), 0o600).unwrap();
    (desk, archive)
}

/// The migrations of the older major in a directory.
fn older(desk: &Desk) -> PathBuf {
    fs::create_dir_all(&desk.at("v1"), 0o700).unwrap();
    desk.write("v1/4_a.up.sql", "CREATE TABLE a(b);");
    desk.at("v1")
}

fn add(desk: &Desk, archive: PathBuf, old: Option<PathBuf>) -> Reply {
    let mut verb = desk.asked(archive, None, &[], None);
    if let arguments::Manifest::Add { old_migrations, .. } = &mut verb {
        *old_migrations = old;
    }
    run(&verb)
}

fn refusal(reply: &Reply) -> &str {
    assert_eq!(code(reply), (3, "import"));
    &reply.refusals[0].message
}

#[test]
fn an_import_that_accounts_for_everything_is_entered() {
    let (desk, archive) = desk("a", None);
    assert_eq!(code(&add(&desk, archive, Some(older(&desk)))), DONE);
    assert_eq!(desk.manifest().releases[1].import.as_deref(), Some("import/from-v1"));
}

#[test]
fn an_import_that_forgets_a_table_is_refused_by_name() {
    let (desk, archive) = desk("aa", None);
    let before = desk.text("gantry.toml");
    let reply = add(&desk, archive, Some(older(&desk)));
    assert_eq!(refusal(&reply), "`import/from-v1`: the old table `a` is neither carried nor dropped");
    assert_eq!(desk.text("gantry.toml"), before);
}

#[test]
fn an_import_from_a_schema_that_no_release_has_is_refused() {
    let other = format!("sha256:{}", "0".repeat(64));
    let (desk, archive) = desk("a", Some(&other));
    let reply = add(&desk, archive, Some(older(&desk)));
    assert!(refusal(&reply).starts_with("`import/from-v1` does not read schema 4 with the fingerprint sha256:"));
}

#[test]
fn an_import_is_not_entered_untried_or_without_being_there() {
    let (desk, archive) = desk("a", None);
    assert!(refusal(&add(&desk, archive, None)).ends_with("it is not known from which migrations"));
    let without = add(&desk, desk.archive("gantry-2.0.0"), Some(older(&desk)));
    assert!(matches!(code(&without), (3, "import")), "{:?}", without.refusals);
}
