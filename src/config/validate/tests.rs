use proptest::prelude::*;

use super::*;

const MINIMAL: &str = "product = \"gantry\"\n[install]\nroot = \"/usr/lib/gantry\"\n[manifest]\nurl = \"https://example.org/g.toml\"\nkeys = [\"RWSR5f07fhQuOeuddC91f3Vo4ay8IBY/tA/MES5JHSXS8EEpnJFD7vBU\"]\n[database]\nurl = \"sqlite:/var/lib/gantry/gantry.db\"\nformat = \"golang-migrate\"\n";

fn refusal(more: &str) -> String {
    parse(&format!("{MINIMAL}{more}")).unwrap_err().to_string()
}

#[test]
fn the_required_keys_alone_give_the_documented_defaults() {
    let config = parse(MINIMAL).unwrap();
    assert_eq!(config.layout.state, PathBuf::from("/var/lib/gantry-installer/gantry"));
    assert_eq!(config.layout.binary, PathBuf::from("bin/gantry"));
    assert_eq!((config.keep_versions, config.keep_backups, config.max_backup_bytes), (3, 5, 20 << 30));
    assert_eq!(config.database.foreign_keys, ForeignKeys::Ignored);
    assert!(matches!(config.service.manager, Manager::Systemd { unit, .. } if unit == "gantry.service"));
    assert!(matches!(config.health.probe, Probe::Alive));
    assert_eq!(config.health.timeout.as_secs(), 60);
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_the_nearest_one() {
    let words = refusal("[backup]\nkep = 5\n");
    assert!(words.starts_with("line 11: unknown field `kep`") && words.ends_with("did you mean `keep`?"), "{words}");
}

#[test]
fn a_wrong_type_or_value_is_refused_with_its_line() {
    let words = refusal("[backup]\nkeep = \"many\"\n");
    assert!(words.starts_with("line 11: `keep`: invalid type: string \"many\", expected u32"), "{words}");
    let words = refusal("[backup]\nmax_bytes = \"20 pounds\"\n");
    assert!(words.contains("line 11") && words.contains("20 GiB"), "{words}");
    assert!(refusal("[health]\ntimeout = \"soon\"\n").contains("60s"));
}

#[test]
fn a_missing_required_key_is_named() {
    let words = parse("product = \"gantry\"\n").unwrap_err().to_string();
    assert!(words.contains("missing field `install`"), "{words}");
}

#[test]
fn capabilities_that_are_not_built_are_refused_unless_at_their_default() {
    assert!(parse(&format!("{MINIMAL}[cluster]\nvoter = false\nrejoin = []\n")).is_ok());
    assert!(refusal("[cluster]\nvoter = true\n").contains("`cluster.voter = true` is not supported yet"));
}

#[test]
fn what_happens_after_a_crash_and_after_a_failure_is_one_of_two_words() {
    let config = parse(MINIMAL).unwrap();
    assert_eq!((config.health.probation.as_secs(), config.health.on_crash), (0, OnCrash::Report));
    assert_eq!(config.on_failure, OnFailure::Fail);
    let more = "[health]\nprobation = \"24h\"\non_crash = \"restore\"\n[package]\non_failure = \"defer\"\n";
    let config = parse(&format!("{MINIMAL}{more}")).unwrap();
    assert_eq!((config.health.probation.as_secs(), config.health.on_crash), (86_400, OnCrash::Restore));
    assert_eq!(config.on_failure, OnFailure::Defer);
    assert!(refusal("[package]\non_failure = \"deferr\"\n").contains("did you mean \"defer\"?"));
    assert!(
        refusal("[service]\nmanager = \"none\"\n[health]\nprobation = \"1h\"\n")
            .contains("how long the service was up")
    );
}

#[test]
fn everything_that_is_wrong_is_named_at_once_with_its_line() {
    let words = refusal("[service]\npid_file = \"pid\"\n[health]\non_crash = \"restor\"\n[backup]\nkeep = 0\n");
    for part in ["line 11: `service.pid_file` must be", "line 13: `health.on_crash", "line 15: `backup.keep = 0`"] {
        assert!(words.contains(part), "{words}");
    }
}

#[test]
fn a_password_in_a_refused_address_is_not_shown_and_a_scheme_is_taken_in_any_case() {
    let with = |url: &str| parse(&MINIMAL.replace("https://example.org", url));
    assert_eq!(with("HTTPS://user:geheim@example.org").unwrap().manifest.url, "HTTPS://user:geheim@example.org/g.toml");
    let words = with("htps://user:geheim@example.org").unwrap_err().to_string();
    assert!(words.contains("htps://…@example.org/g.toml") && !words.contains("geheim"), "{words}");
    assert!(parse(&format!("{MINIMAL}[health]\nurl = \"HTTP://a.example/\"\n")).is_ok());
    let words = refusal("[health]\nurl = \"htp://user:geheim@a.example/\"\n");
    assert!(words.contains("htp://…@a.example/") && !words.contains("geheim"), "{words}");
    let words = parse(&MINIMAL.replace("sqlite:", "postgres://user:geheim@host")).unwrap_err().to_string();
    assert!(words.contains("postgres://…@host") && !words.contains("geheim"), "{words}");
}

#[test]
fn defaults_of_what_is_not_there_are_accepted_in_every_form() {
    assert!(parse(&format!("{MINIMAL}[health]\nprobation = \"0ms\"\n")).is_ok());
    let command = "[service]\nmanager = \"command\"\nalso = []\nstart = [\"a\"]\nstop = [\"b\"]\nstatus = [\"c\"]\n";
    assert!(parse(&format!("{MINIMAL}{command}")).is_ok());
    assert!(refusal("[service]\nmanager = \"none\"\nunit = \"g.service\"\n").contains("needs `service.manager"));
}

#[test]
fn a_misspelt_word_gets_the_known_ones_and_the_nearest() {
    assert_eq!(
        refusal("[service]\nmanager = \"comand\"\n"),
        "line 11: `service.manager = \"comand\"` is not one of \"systemd\", \"command\", \"none\"; did you mean \"command\"?"
    );
    let words = parse(&MINIMAL.replace("golang-migrate", "golangmigrate")).unwrap_err().to_string();
    assert!(words.starts_with("line 9: ") && words.contains("did you mean \"golang-migrate\"?"), "{words}");
    let words = parse(&MINIMAL.replace("keys = [\"RW", "keys = [\"XX")).unwrap_err().to_string();
    assert!(words.starts_with("line 6: ") && words.contains("begins with RW"), "{words}");
}

// Else it would be said that `unit` needs what was meant all along.
#[test]
fn keys_that_belong_to_a_misspelt_word_are_not_called_wrong() {
    for (more, meant) in [
        ("[service]\nmanager = \"sytemd\"\nunit = \"g.service\"\nalso = [\"g.socket\"]\n", "systemd"),
        ("[service]\nmanager = \"comand\"\nstart = [\"a\"]\nstop = [\"b\"]\nstatus = [\"c\"]\n", "command"),
    ] {
        let words = refusal(more);
        assert!(words.starts_with("line 11: `service.manager = "), "{words}");
        assert!(words.ends_with(&format!("did you mean \"{meant}\"?")), "{words}");
    }
    let commands = "up = [\"a\", \"{database}\"]\nversion = [\"b\", \"{database}\"]\n";
    let words = parse(&format!("{}{commands}", MINIMAL.replace("golang-migrate", "comand"))).unwrap_err().to_string();
    assert!(words.starts_with("line 9: `database.format = \"comand\"`"), "{words}");
    assert!(words.ends_with("did you mean \"command\"?"), "{words}");
}

#[test]
fn every_format_is_taken_by_its_name_and_the_products_own_migrator_by_its_commands() {
    let with = |format: &str| parse(&MINIMAL.replace("golang-migrate", format));
    for format in Format::ALL {
        assert_eq!(with(format.name()).unwrap().database.format, format);
    }
    let words = with("command").unwrap_err().to_string();
    assert!(words.starts_with("line 9: ") && words.contains("needs `database.up`"), "{words}");
    let commands = "up = [\"a\", \"{database}\"]\nversion = [\"b\", \"{database}\"]\n";
    let config = parse(&format!("{}{commands}", MINIMAL.replace("golang-migrate", "command"))).unwrap();
    assert_eq!(config.database.format, Format::Command);
}

#[test]
fn contradictions_are_refused() {
    let wrapped = format!("{}no_tx_wrap = true\n", MINIMAL.replace("golang-migrate", "goose"));
    assert!(parse(&wrapped).unwrap_err().to_string().contains("needs `database.format"));
    assert!(refusal("[service]\nmanager = \"command\"\n").contains("needs `service.start`"));
    assert!(refusal("[health]\nurl = \"http://127.0.0.1/\"\ncommand = [\"true\"]\n").contains("exclude"));
}

/// Every section, and every kind of value.
const MORE: &str = "[service]\nmanager = \"command\"\nstart = [\"{binary}\"]\nstop = [\"a\"]\nstatus = [\"b\"]\nstop_timeout = \"90s\"\n[health]\nurl = \"http://127.0.0.1/\"\ntimeout = \"500ms\"\nprobation = \"0s\"\n[backup]\ndir = \"/b\"\nkeep = 5\nmax_bytes = \"20 GiB\"\n[cluster]\nvoter = false\nrejoin = []\n[package]\non_failure = \"fail\"\n";

/// What a config that was accepted promises to all that follows.
fn is_sound(config: &Config) -> bool {
    let paths = [&config.layout.root, &config.layout.state, &config.layout.backups, &config.database.path];
    paths.iter().all(|path| path.is_absolute()) && config.layout.binary.is_relative() && config.keep_backups > 0
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>()) {
        prop_assert!(parse(&text).is_err());
    }

    #[test]
    fn a_config_that_was_changed_anywhere_is_refused_or_sound(
        from in any::<prop::sample::Index>(),
        length in 0..12usize,
        put in r#"([a-z_]{0,8}|[0-9]{0,20}|["=.\[\]{}/ \n-]{0,4}|\PC{0,3})"#,
    ) {
        let mut letters: Vec<char> = MINIMAL.chars().chain(MORE.chars()).collect();
        let from = from.index(letters.len());
        let to = (from + length).min(letters.len());
        letters.splice(from..to, put.chars());
        let text: String = letters.into_iter().collect();
        if let Ok(config) = parse(&text) {
            prop_assert!(is_sound(&config), "{text}");
        }
    }
}

#[test]
fn the_config_that_is_changed_in_the_tests_is_one() {
    assert!(is_sound(&parse(&format!("{MINIMAL}{MORE}")).unwrap()));
}
