//! A product that brings a migrator of its own, as far as its releases and the configuration say it.

use serde_json::json;

use crate::world::{Release, World};

pub const NOTES: (&str, &str) =
    ("0001_notes.up.sql", "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);");
pub const MOOD: (&str, &str) = ("0002_mood.up.sql", "ALTER TABLE notes ADD COLUMN mood TEXT;");

pub const FIRST: Release = Release::new("1.0.0", 1, &[1, 2]).migrations(&[NOTES]);
pub const SECOND: Release = Release::new("1.1.0", 2, &[1, 2]).migrations(&[NOTES, MOOD]);

/// The product's migrator is this installer's own, in place; `trick.sh` of a release runs first, in the same shell.
pub fn configure(world: &World) {
    let installer = env!("CARGO_BIN_EXE_gantry-installer");
    let migrate = format!(
        "dir=${{1%/*}}/../migrations; if [ -f \"$dir/trick.sh\" ]; then . \"$dir/trick.sh\"; fi; \
         {installer} migrate --database \"sqlite:$2\" --dir \"$dir\" --yes"
    );
    let command = |verb: &str| json!(["sh", "-c", format!("{migrate} {verb}"), "sh", "{binary}", "{database}"]);
    let version = json!([
        "sh",
        "-c",
        format!("{installer} migrate --database \"sqlite:$2\" --dir \"${{1%/*}}/../migrations\" version"),
        "sh",
        "{binary}",
        "{database}"
    ]);
    let file = world.path("installer.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let own = format!("format = \"command\"\nup = {}\nversion = {version}", command("up"));
    std::fs::write(file, text.replace("format = \"golang-migrate\"", &own)).unwrap();
}
