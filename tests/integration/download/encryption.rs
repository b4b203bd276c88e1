//! Whom a download believes.

use std::path::Path;

use gantry_installer::sys::http::{Client, Problem};
use gantry_installer::sys::watch::Unwatched;

use crate::authority::{Authority, Years};
use crate::release_server::{Mode, ReleaseServer};

const NOW: Years = Years(2020, 2100);

/// What a client that trusts `authority` gets of a server whose certificate is valid in these years.
fn fetched(authority: Option<&Path>, issuer: &Authority, years: Years) -> Result<Vec<u8>, Problem> {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("file"), b"content").unwrap();
    let server = ReleaseServer::start_encrypted(place.path(), issuer.server(years));
    let client = Client::new(authority, "test");
    client.fetch_small(&server.url("/file"), 100, &Unwatched).map_err(|error| error.problem)
}

struct Setting {
    place: tempfile::TempDir,
    authority: Authority,
}

impl Setting {
    fn new() -> Self {
        let setting = Self { place: tempfile::tempdir().unwrap(), authority: Authority::new() };
        setting.authority.write(&setting.file());
        setting
    }

    fn file(&self) -> std::path::PathBuf {
        self.place.path().join("ca.pem")
    }
}

#[test]
fn a_private_authority_is_believed_only_where_it_is_configured() {
    let setting = Setting::new();
    assert_eq!(fetched(Some(&setting.file()), &setting.authority, NOW).unwrap(), b"content");
    let problem = fetched(None, &setting.authority, NOW).unwrap_err();
    assert!(matches!(problem, Problem::Certificate(_)), "{problem:?}");
    assert!(problem.remedy().unwrap().contains("ca_file"));
    let problem = fetched(Some(&setting.file()), &Authority::new(), NOW).unwrap_err();
    assert!(matches!(problem, Problem::Certificate(_)), "{problem:?}");
}

// FM-46
#[test]
fn a_certificate_of_another_time_makes_one_look_at_the_clock() {
    let setting = Setting::new();
    let expired = fetched(Some(&setting.file()), &setting.authority, Years(2000, 2001)).unwrap_err();
    assert!(matches!(expired, Problem::Expired { .. }), "{expired:?}");
    assert!(expired.to_string().contains("2001-01-01T00:00:00Z"), "{expired}");
    let future = fetched(Some(&setting.file()), &setting.authority, Years(2090, 2091)).unwrap_err();
    assert!(matches!(future, Problem::NotYetValid { .. }), "{future:?}");
    for problem in [expired, future] {
        assert!(problem.to_string().contains("the clock of this machine says"));
        assert!(problem.remedy().unwrap().contains("clock"));
    }
}

#[test]
fn a_redirect_never_leads_from_https_to_http() {
    let setting = Setting::new();
    std::fs::write(setting.place.path().join("file"), b"content").unwrap();
    let plain = ReleaseServer::start(setting.place.path());
    let server = ReleaseServer::start_encrypted(setting.place.path(), setting.authority.server(NOW));
    server.misbehave("/file", Mode::Redirect(plain.url("/file")));
    let client = Client::new(Some(&setting.file()), "test");
    let problem = client.fetch_small(&server.url("/file"), 100, &Unwatched).unwrap_err().problem;
    assert!(matches!(problem, Problem::Redirect(_)), "{problem:?}");
    assert_eq!(plain.requests(), []);
    plain.misbehave("/file", Mode::Redirect(server.url("/other")));
    std::fs::write(setting.place.path().join("other"), b"other").unwrap();
    assert_eq!(client.fetch_small(&plain.url("/file"), 100, &Unwatched).unwrap(), b"other");
}

#[test]
fn an_authority_that_cannot_be_read_is_an_error_where_a_server_is_asked_and_nowhere_else() {
    let setting = Setting::new();
    let server = ReleaseServer::start(setting.place.path());
    std::fs::write(setting.place.path().join("empty.pem"), b"").unwrap();
    for name in ["missing.pem", "empty.pem"] {
        let client = Client::new(Some(&setting.place.path().join(name)), "test");
        let problem = client.fetch_small(&server.url("/file"), 100, &Unwatched).unwrap_err().problem;
        let Problem::Authorities(cause) = &problem else { panic!("{problem:?}") };
        assert!(cause.to_string().contains(name), "{cause}");
        let here = format!("file://{}", setting.file().display());
        assert!(!client.fetch_small(&here, 1 << 20, &Unwatched).unwrap().is_empty());
    }
}
