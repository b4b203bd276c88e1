mod claims;
mod imports;

use std::path::PathBuf;

use flate2::{Compression, write::GzEncoder};

use super::*;
use crate::cli::terminal::Verbosity;
use crate::config::Format;
use crate::manifest::signature::verify;
use crate::sys::signal::Interrupt;

/// Without anybody to ask, wherever the tests run.
fn run(verb: &arguments::Manifest) -> Reply {
    let mut terminal = Terminal::new(true, Verbosity::Quiet, Interrupt::never());
    terminal.interactive = false;
    super::run(verb, &PathBuf::from("/no/configuration"), &terminal)
}

/// A publisher's directory.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        String::from_utf8(fs::read(&self.at(name)).unwrap()).unwrap()
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        fs::write_durable(&self.at(name), text.as_bytes(), 0o600).unwrap();
        self.at(name)
    }

    fn archive(&self, top: &str) -> PathBuf {
        self.archive_with(top, &[])
    }

    /// The same with further migrations.
    fn archive_with(&self, top: &str, migrations: &[(&str, &str)]) -> PathBuf {
        let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        let usual = [("bin/gantry", "program"), ("migrations/4_a.up.sql", "CREATE TABLE a(b);")];
        for (name, content) in usual.iter().chain(migrations) {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o755);
            builder.append_data(&mut header, format!("{top}/{name}"), content.as_bytes()).unwrap();
        }
        let path = self.at(&format!("{top}.tar.gz"));
        fs::write_durable(&path, &builder.into_inner().unwrap().finish().unwrap(), 0o600).unwrap();
        path
    }

    fn begin(&self) -> Reply {
        run(&arguments::Manifest::New { product: "gantry".to_owned(), manifest: self.at("gantry.toml") })
    }

    fn add(&self, archive: PathBuf, release: Option<&str>, reads: &[i64]) -> Reply {
        self.claim(archive, release, reads, None)
    }

    fn claim(&self, archive: PathBuf, release: Option<&str>, reads: &[i64], anyway: Option<&str>) -> Reply {
        run(&self.asked(archive, release, reads, anyway))
    }

    fn asked(
        &self,
        archive: PathBuf,
        release: Option<&str>,
        reads: &[i64],
        anyway: Option<&str>,
    ) -> arguments::Manifest {
        arguments::Manifest::Add {
            archive,
            manifest: self.at("gantry.toml"),
            target: "any".to_owned(),
            url: None,
            release: release.map(|version| version.parse().unwrap()),
            reads: reads.iter().map(ToString::to_string).collect(),
            format: Format::GolangMigrate,
            reads_anyway: anyway.map(str::to_owned),
            old_migrations: None,
        }
    }

    fn check(&self) -> Reply {
        self.check_with(None)
    }

    fn check_with(&self, migrations: Option<PathBuf>) -> Reply {
        let (manifest, format) = (self.at("gantry.toml"), Format::GolangMigrate);
        run(&arguments::Manifest::Check { manifest, migrations, format })
    }

    fn sign(&self, generate: bool, password_file: Option<PathBuf>) -> Reply {
        let (manifest, key) = (self.at("gantry.toml"), self.at("key"));
        run(&arguments::Manifest::Sign { manifest, key, generate, password_file })
    }

    fn is_signed(&self) -> bool {
        let public = self.text("key.pub").parse().unwrap();
        verify(self.text("gantry.toml").as_bytes(), &self.text("gantry.toml.minisig"), &[public]).is_ok()
    }

    fn manifest(&self) -> Manifest {
        Manifest::parse(&self.text("gantry.toml")).unwrap()
    }
}

fn code(reply: &Reply) -> (u8, &str) {
    let refusal = reply.refusals.first().map(|refusal| refusal.code.as_str());
    let error = reply.error.as_ref().map(|error| error.code.as_str());
    (reply.outcome.code(), refusal.or(error).unwrap_or_default())
}

const DONE: (u8, &str) = (0, "");

#[test]
fn an_archive_becomes_a_release_of_a_signed_manifest() {
    let desk = Desk::new();
    assert_eq!(code(&desk.begin()), DONE);
    assert_eq!(code(&desk.add(desk.archive("gantry-1.4.0"), None, &[4, 6])), DONE);
    let signed = desk.sign(true, None);
    assert_eq!((code(&signed), signed.warnings.len()), (DONE, 1), "{:?}", signed.warnings);
    assert!(desk.is_signed());
    let manifest = desk.manifest();
    let [release] = manifest.releases.as_slice() else { panic!("{manifest:?}") };
    assert_eq!(release.artifacts[0].url, "gantry-1.4.0.tar.gz");
    assert_eq!((release.reads.len(), release.fingerprint.is_some()), (2, true));
    let key = signed.body["signature"]["key"].as_str().unwrap();
    let checked = desk.check();
    // It reads schema 6, which no release leads to yet.
    assert_eq!((checked.outcome, checked.body["signature"]["key"].as_str()), (Outcome::Done, Some(key)));
    assert_eq!(checked.body["findings"][0]["line"], 9, "{:?}", checked.warnings);
}

#[test]
fn a_release_that_is_written_by_hand_gets_what_can_be_computed() {
    let desk = Desk::new();
    desk.begin();
    let text = desk.text("gantry.toml");
    desk.write(
        "gantry.toml",
        &format!("{text}\n[[release]]\nversion = \"1.4.0\"\nschema = 4\nreads = [4]\n# the end\n"),
    );
    assert_eq!(code(&desk.check()), (3, "manifest-mistake"));
    assert_eq!(code(&desk.add(desk.archive("gantry-1.4.0"), None, &[])), DONE);
    assert_eq!(code(&desk.check()), DONE);
    assert!(desk.text("gantry.toml").ends_with("# the end\n"));
    assert_eq!(desk.manifest().releases[0].artifacts.len(), 1);
}

#[test]
fn what_is_not_added_leaves_the_manifest_as_it_was() {
    let desk = Desk::new();
    desk.begin();
    let before = desk.text("gantry.toml");
    let other = desk.archive("elsewhere");
    assert_eq!(code(&desk.add(desk.at("missing"), None, &[])), (1, "archive"));
    assert_eq!(code(&desk.add(desk.at("gantry.toml"), None, &[])), (1, "archive"));
    assert_eq!(code(&desk.add(other.clone(), None, &[])), (3, "version-unknown"));
    assert_eq!(code(&desk.add(other.clone(), Some("1.4.0"), &[6])), (1, "not-added"));
    assert_eq!(desk.text("gantry.toml"), before);
    assert_eq!(code(&desk.add(other.clone(), Some("1.4.0"), &[])), DONE);
    assert_eq!(code(&desk.add(other, Some("1.4.0"), &[])), (1, "not-added"));
}

#[test]
fn a_manifest_is_never_begun_over_another_and_only_for_a_product_with_a_name() {
    let desk = Desk::new();
    desk.write("gantry.toml", "mine");
    assert_eq!(code(&desk.begin()), (1, "manifest-exists"));
    let verb = arguments::Manifest::New { product: "No Name".to_owned(), manifest: desk.at("new.toml") };
    assert_eq!(code(&run(&verb)), (2, "product"));
    assert!(!fs::exists(&desk.at("new.toml")).unwrap());
    let verb = arguments::Manifest::New { product: "gantry".to_owned(), manifest: desk.at("no/such/new.toml") };
    assert_eq!(code(&run(&verb)), (1, "unwritable"));
}

#[test]
fn the_manifest_keeps_its_mode_and_stays_behind_its_symlink() {
    let desk = Desk::new();
    desk.begin();
    fs::rename(&desk.at("gantry.toml"), &desk.at("real.toml")).unwrap();
    desk.write("real.toml", &desk.text("real.toml"));
    fs::replace_link(&desk.at("gantry.toml"), &desk.at("real.toml")).unwrap();
    assert_eq!(code(&desk.add(desk.archive("gantry-1.4.0"), None, &[])), DONE);
    assert!(fs::kind(&desk.at("gantry.toml")).unwrap().is_symlink());
    assert_eq!(fs::metadata(&desk.at("real.toml")).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(desk.text("real.toml").contains("1.4.0"));
}

#[test]
fn every_mistake_is_found_with_its_line() {
    let desk = Desk::new();
    desk.write("gantry.toml", "format = 1\nproduct = \"gantry\"\nsequence = 0\n[[release]]\nversion = \"1\"\n");
    let checked = desk.check();
    let lines: Vec<u64> =
        checked.body["findings"].as_array().unwrap().iter().filter_map(|finding| finding["line"].as_u64()).collect();
    assert_eq!((code(&checked), lines), ((3, "manifest-error"), vec![1, 1, 3, 4, 4, 5]), "{}", checked.text);
    assert_eq!(checked.refusals.len(), 6);
    let refused = |words: &str| desk.check().refusals.iter().any(|refusal| refusal.message.contains(words));
    assert!(refused("gantry.toml:3: `sequence` must be"), "{:?}", checked.refusals);
    desk.write("gantry.toml.minisig", "scribble");
    assert!(refused("is no signature"));
}

#[test]
fn a_key_with_a_password_signs_only_with_that_password() {
    let desk = Desk::new();
    desk.begin();
    let (right, wrong) = (desk.write("right", "correct horse\nmore"), desk.write("wrong", "battery"));
    assert!(desk.sign(true, Some(right.clone())).warnings.iter().all(|warning| !warning.contains("no password")));
    assert!(desk.is_signed());
    assert_eq!(code(&desk.sign(false, None)), (3, "password-needed"));
    assert_eq!(code(&desk.sign(false, Some(wrong))), (1, "key"));
    assert_eq!(code(&desk.sign(false, Some(desk.write("empty", "\nx")))), (3, "password-empty"));
    assert_eq!(code(&desk.sign(false, Some(right))), DONE);
}

#[test]
fn a_key_is_made_once_private_and_never_made_over_another() {
    let desk = Desk::new();
    desk.begin();
    assert_eq!(code(&desk.sign(false, None)), (3, "key-missing"));
    desk.sign(true, None);
    let (secret, public) = (desk.text("key"), desk.text("key.pub"));
    assert_eq!(fs::metadata(&desk.at("key")).unwrap().permissions().mode() & 0o777, 0o600);
    // As after a kill between the two halves.
    fs::remove_file(&desk.at("key.pub")).unwrap();
    assert_eq!(code(&desk.sign(true, None)), DONE);
    assert_eq!((desk.text("key"), desk.text("key.pub")), (secret, public));
    fs::remove_file(&desk.at("key")).unwrap();
    assert_eq!(code(&desk.sign(true, None)), (3, "key-lost"));
}

#[test]
fn nothing_that_is_no_manifest_is_signed_or_drawn() {
    let desk = Desk::new();
    desk.write("gantry.toml", "format = 1\n");
    assert_eq!(code(&desk.sign(true, None)), (1, "manifest-wrong"));
    assert!(!fs::exists(&desk.at("key")).unwrap());
    let graph = |name: &str| arguments::Manifest::Graph { manifest: desk.at(name), format: GraphFormat::Text };
    assert_eq!(code(&run(&graph("gantry.toml"))), (1, "manifest-wrong"));
    assert_eq!(code(&run(&graph("missing"))), (1, "unreadable"));
}
