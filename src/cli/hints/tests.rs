use super::*;

fn hints(line: &[&str]) -> Hints {
    let words: Vec<OsString> = line.iter().map(OsString::from).collect();
    Hints::of(&words, &Arguments::command().try_get_matches_from(&words).unwrap())
}

#[test]
fn a_command_gets_the_program_and_the_configuration_that_were_typed() {
    let typed = hints(&["gantry-installer", "--config", "/tmp/my play/i.toml", "status"]);
    assert_eq!(
        typed.complete("run `gantry-installer recover`, or see `gantry-installer history`: `x`"),
        "run `gantry-installer --config '/tmp/my play/i.toml' recover`, or see `gantry-installer --config '/tmp/my play/i.toml' \
         history`: `x`"
    );
    assert_eq!(
        hints(&["./bin/gantry-installer", "status"]).complete("`gantry-installer gate`"),
        "`./bin/gantry-installer gate`"
    );
    assert_eq!(hints(&["gantry-installer", "status"]).complete("`gantry-installer gate`"), "`gantry-installer gate`");
}

#[test]
fn a_hint_to_the_same_command_is_about_the_same() {
    let typed = ["gantry-installer", "upgrade", "--to", "1.5", "--bundle", "way.bundle", "--allow-expired", "--yes"];
    assert_eq!(
        hints(&typed)
            .complete("try `gantry-installer upgrade --to 1.5.1 --retry`, else `gantry-installer rollback --dry-run`"),
        "try `gantry-installer upgrade --to 1.5.1 --retry --bundle way.bundle --allow-expired`, else \
         `gantry-installer rollback --dry-run`"
    );
    let typed = ["gantry-installer", "rollback", "--to", "1.4", "--strategy", "down", "--backup", "7", "--yes"];
    assert_eq!(
        hints(&typed).complete("`gantry-installer rollback --dry-run`"),
        "`gantry-installer rollback --dry-run --to 1.4 --backup 7`"
    );
}

#[test]
fn commands_of_one_family_are_about_the_same_files() {
    let typed =
        ["gantry-installer", "migrate", "--database", "sqlite:a.db", "--dir", "m", "--format", "goose", "up", "3"];
    assert_eq!(
        hints(&typed).complete("`gantry-installer migrate status`; `gantry-installer upgrade`"),
        "`gantry-installer migrate status --database sqlite:a.db --dir m --format goose`; `gantry-installer upgrade`"
    );
    let typed = [
        "gantry-installer",
        "manifest",
        "add",
        "a.tar.gz",
        "--manifest",
        "m.toml",
        "--target",
        "any",
        "--reads",
        "1,2",
    ];
    assert_eq!(
        hints(&typed).complete("`gantry-installer manifest check`, then `gantry-installer manifest add ARCHIVE`"),
        "`gantry-installer manifest check --manifest m.toml`, then \
         `gantry-installer manifest add ARCHIVE --manifest m.toml --target any --reads 1,2`"
    );
}

#[test]
fn a_backtick_that_is_not_closed_is_left_as_it_is() {
    assert_eq!(hints(&["./g", "status"]).complete("`gantry-installer recover"), "`gantry-installer recover");
}

#[test]
fn a_value_stays_one_word_in_a_shell() {
    for (word, shown) in [("1.5", "1.5"), ("a b", "'a b'"), ("it's", r"'it'\''s'"), ("$HOME", "'$HOME'"), ("", "''")] {
        assert_eq!(quoted(word), shown);
    }
}
