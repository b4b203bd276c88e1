//! dpkg, as far as it matters here: which script of which version it calls with which arguments, and what it makes of a
//! failure. As it was seen to do, version 1.21.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::world::{Answer, NEW, OLD, Release, World};

/// A machine with a package manager.
pub struct Dpkg {
    pub world: World,
    /// The version whose files are there.
    pub unpacked: Option<String>,
    /// The version that was last configured without a failure.
    pub configured: Option<String>,
    /// Whether the one that is unpacked is not configured.
    pub half: bool,
    /// The calls since the last look.
    pub calls: Vec<String>,
    /// What is set for the next calls.
    pub environment: Vec<(&'static str, String)>,
    /// The options of each call, beside release and package.
    pub options: Vec<&'static str>,
}

/// A script that failed, and its answer.
pub type Failed = (String, Answer);

impl Dpkg {
    /// With 1.0.0 installed from its package, and three rows.
    pub fn installed(releases: &[Release]) -> Self {
        let mut dpkg = Self::with(releases);
        dpkg.install("1.0.0").unwrap();
        dpkg.world.execute("INSERT INTO notes (text) VALUES ('one'), ('two'), ('three')");
        dpkg.calls.clear();
        dpkg
    }

    pub fn with(releases: &[Release]) -> Self {
        Self {
            world: World::with(releases),
            unpacked: None,
            configured: None,
            half: false,
            calls: Vec::new(),
            environment: Vec::new(),
            options: Vec::new(),
        }
    }

    /// What most tests start from.
    pub fn usual() -> Self {
        Self::installed(&[OLD, NEW])
    }

    /// The command of a script, not run yet.
    pub fn command(&self, version: &str, call: &str) -> Command {
        let mut words = vec!["hook", "--package", "notes", "--release", version];
        words.extend(&self.options);
        words.extend(call.split_whitespace());
        let mut command = self.world.command(&words);
        // The bare environment of a script.
        let path = std::env::var_os("PATH").unwrap();
        command.env_clear().env("PATH", path).envs(self.environment.iter().cloned());
        command
    }

    /// Calls the script of a version.
    pub fn script(&mut self, version: &str, call: &str) -> Answer {
        self.calls.push(format!("[{version}] {call}"));
        let mut command = self.command(version, call);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        if call.starts_with("preinst") {
            // Whoever does not want it has closed it.
            let _ = stdin.write_all(&self.carried());
        }
        drop(stdin);
        let answer = Answer::of(child.wait_with_output().unwrap());
        assert_eq!(answer.stdout, "", "standard output is debconf's: {answer:#?}");
        answer
    }

    /// What the preinst script of a package has in it.
    pub fn carried(&self) -> Vec<u8> {
        let manifest = self.world.path("releases/notes.toml");
        let mut bytes = std::fs::read(manifest.with_extension("toml.minisig")).unwrap();
        bytes.extend(std::fs::read(manifest).unwrap());
        bytes
    }

    /// Puts the files of a version in their place.
    pub fn unpack(&mut self, version: &str) {
        let file = self.world.path("root/payload/notes.bundle");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let _ = std::fs::remove_file(&file);
        let manifest = self.world.path("releases/notes.toml");
        let (file, manifest) = (file.to_str().unwrap(), manifest.to_str().unwrap());
        self.world.run(&["manifest", "bundle", "--to", version, "--manifest", manifest, file]).expect(0);
        self.unpacked = Some(version.to_owned());
    }

    /// `apt install notes=VERSION`, whatever is there.
    pub fn install(&mut self, version: &str) -> Result<(), Failed> {
        if let Some(old) = self.unpacked.clone() {
            self.make_way(&old, version)?;
            let preinst = format!("preinst upgrade {old} {version}");
            if let Err(failed) = self.must(version, &preinst) {
                self.script(version, &format!("postrm abort-upgrade {old} {version}")).expect(0);
                self.script(&old, &format!("postinst abort-upgrade {version}")).expect(0);
                return Err(failed);
            }
            self.unpack(version);
            self.script(&old, &format!("postrm upgrade {version}")).expect(0);
        } else {
            let known = self.configured.as_ref().map_or(String::new(), |old| format!(" {old} {version}"));
            self.must(version, &format!("preinst install{known}"))?;
            self.unpack(version);
        }
        self.half = true;
        self.configure()
    }

    /// `dpkg --configure -a`: what apt does first, whatever it is asked to install.
    pub fn configure(&mut self) -> Result<(), Failed> {
        let (true, Some(version)) = (self.half, self.unpacked.clone()) else { return Ok(()) };
        let last = self.configured.clone().unwrap_or_default();
        self.must(&version, &format!("postinst configure {last}"))?;
        self.half = false;
        self.configured = Some(version);
        Ok(())
    }

    /// `apt remove notes`
    pub fn remove(&mut self) {
        let version = self.unpacked.take().unwrap();
        self.script(&version, "prerm remove").expect(0);
        // As the package's own postrm does.
        for gone in ["root/payload", "root/versions"] {
            std::fs::remove_dir_all(self.world.path(gone)).unwrap();
        }
        std::fs::remove_file(self.world.path("root/current")).unwrap();
    }

    fn make_way(&mut self, old: &str, new: &str) -> Result<(), Failed> {
        let Err(failed) = self.must(old, &format!("prerm upgrade {new}")) else { return Ok(()) };
        self.script(new, &format!("prerm failed-upgrade {old} {new}")).expect(3);
        self.script(old, &format!("postinst abort-upgrade {new}")).expect(0);
        Err(failed)
    }

    fn must(&mut self, version: &str, call: &str) -> Result<(), Failed> {
        let answer = self.script(version, call);
        if answer.code == 0 { Ok(()) } else { Err((format!("[{version}] {call}"), answer)) }
    }

    /// A record of the installer.
    pub fn record(&self, name: &str) -> Option<serde_json::Value> {
        let bytes = std::fs::read(self.world.path("state").join(name)).ok()?;
        Some(serde_json::from_slice(&bytes).unwrap())
    }

    /// The number of runs so far.
    pub fn runs(&self) -> usize {
        std::fs::read_dir(self.world.path("state/runs")).unwrap().count()
    }
}

/// The failure, which has to be that of a certain call, with a certain code.
#[track_caller]
pub fn failed(result: Result<(), Failed>, call: &str, code: i32) -> Answer {
    let (at, answer) = result.expect_err("it should have failed");
    assert_eq!(at, call, "{answer:#?}");
    answer.expect(code)
}
