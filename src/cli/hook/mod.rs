//! `hook`: what the maintainer scripts of a package call, a file each. What they are asked, and what comes of it, is
//! decided in `plan::package`.
//!
//! Nothing is ever asked here, nothing is written to standard output, which may be debconf's, and neither apt nor dpkg is
//! called: their lock is held by whoever called this.

mod payload;
mod postinst;
mod preinst;
mod prerm;

use std::path::Path;
use std::time::Duration;

use super::arguments::{Hook, ScriptName};
use super::exit::Outcome;
use super::reply::Reply;
use super::runs::{Answer, barred, refused};
use super::session::{Session, unreadable};
use super::terminal::Terminal;
use crate::journal::{held, package, runs};
use crate::manifest::Manifest;
use crate::observe;
use crate::plan::Refusal;
use crate::plan::observed::Held;
use crate::plan::package::{Asked, Deed, Script, Stand, asked, decide};
use crate::sys::lock::RunLock;
use crate::sys::service::control::{Policy, denied};
use crate::sys::{fs, seam};
use crate::version::Version;

/// How long a script waits for a run that is under way.
const PATIENCE: Duration = Duration::from_secs(30);

/// Answers a script; what it says is on standard error.
pub fn run(arguments: &Hook, config: &Path, terminal: &Terminal) -> Answer<Reply> {
    let reply = answer(arguments, config, terminal).unwrap_or_else(|reply| *reply);
    if !terminal.json && !reply.text.is_empty() {
        terminal.say(reply.text.trim_end());
    }
    Ok(if terminal.json { reply } else { Reply { text: String::new(), ..reply } })
}

fn answer(arguments: &Hook, config: &Path, terminal: &Terminal) -> Answer<Reply> {
    let words: Vec<String> = arguments.words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let asked = asked(script(arguments.script), &words)
        .map_err(|error| barred("version", &error, "build the package with the version of its release"))?;
    let there = fs::exists(config).map_err(|error| barred("config", &error, "run it as root"))?;
    match &asked {
        Asked::Nothing => return Ok(nothing()),
        // Before the first installation, or after the last one.
        Asked::Admit | Asked::MakeWay(_) | Asked::Leave | Asked::Resume | Asked::Return if !there => {
            return Ok(nothing());
        }
        _ => {}
    }
    if asked == Asked::Overrule {
        let none = Stand {
            package: &arguments.package,
            release: &arguments.release,
            installed: None,
            configured: None,
            held: None,
            retry: false,
            major: None,
            denied: None,
            interrupted: None,
        };
        return settled(decide(&asked, &none));
    }
    let major = match asked {
        Asked::Admit | Asked::Configure => major(arguments)?,
        _ => None,
    };
    let session = Session::open(config, terminal)?;
    let call = Call { arguments, asked, major, session: &session };
    match &call.asked {
        Asked::Admit => preinst::run(&call),
        Asked::MakeWay(_) | Asked::Leave => prerm::run(&call),
        Asked::Configure | Asked::Resume | Asked::Return => postinst::run(&call),
        Asked::Overrule | Asked::Nothing => settled(call.deed(None)?),
    }
}

/// The major that is asked for. Empty is unset.
fn major(arguments: &Hook) -> Answer<Option<u64>> {
    let Some(text) = arguments.major.as_ref().filter(|text| !text.is_empty()) else { return Ok(None) };
    let parsed = text.to_str().and_then(|text| text.parse().ok());
    parsed.map(Some).ok_or_else(|| {
        refused(vec![Refusal::new(
            "major",
            format!("`GANTRY_INSTALLER_MAJOR` is `{}`, and no number of a major", text.display()),
            "set it to a number such as 2, or unset it, then run the same apt command again",
        )])
    })
}

/// A call of a script.
struct Call<'a> {
    arguments: &'a Hook,
    asked: Asked,
    /// The major that is asked for now.
    major: Option<u64>,
    session: &'a Session<'a>,
}

impl Call<'_> {
    /// What is to be done, by the machine as it is now. The manifest tells which artifact the package brings.
    fn deed(&self, manifest: Option<&Manifest>) -> Answer<Deed> {
        let layout = &self.session.config.layout;
        let arguments = self.arguments;
        let installed = self.installed()?;
        let configured = package::read(layout).map_err(|error| Box::new(unreadable(&error)))?;
        let configured = configured.filter(|known| known.name == arguments.package).map(|known| known.release);
        let held = self.held(manifest)?;
        let denied = self.denied()?;
        let interrupted = self.interrupted()?;
        Ok(decide(
            &self.asked,
            &Stand {
                package: &arguments.package,
                release: &arguments.release,
                installed: installed.as_ref(),
                configured: configured.as_ref(),
                held: held.as_ref(),
                retry: arguments.retry,
                major: self.major()?,
                denied: denied.as_deref(),
                interrupted: interrupted.as_deref(),
            },
        ))
    }

    fn installed(&self) -> Answer<Option<Version>> {
        let found = observe::installed(&self.session.config.layout);
        let found = found.map_err(|error| barred("observe", &error, "run `gantry-installer verify`"))?;
        Ok(found.map(|record| record.release.version))
    }

    fn interrupted(&self) -> Answer<Option<String>> {
        runs::unfinished(&self.session.config.layout)
            .map_err(|error| barred("journal", &error, "see `gantry-installer history`"))
    }

    /// What holds the package's release; without a manifest any artifact of it counts.
    fn held(&self, manifest: Option<&Manifest>) -> Answer<Option<Held>> {
        let release = &self.arguments.release;
        let all = held::read(&self.session.config.layout.held()).map_err(|error| Box::new(unreadable(&error)))?;
        let offered = manifest.and_then(|manifest| manifest.release(release));
        let is_this = |held: &Held| held.version == *release && offered.is_none_or(|offered| held.holds(offered));
        Ok(all.into_iter().find(is_this))
    }

    /// The major that was asked for. What waits since the package was configured was asked for then.
    fn major(&self) -> Answer<Option<u64>> {
        let waits = package::pending(&self.session.config.layout).map_err(|error| Box::new(unreadable(&error)))?;
        let waits = waits.filter(|waits| waits.release == self.arguments.release);
        Ok(self.major.or_else(|| waits.and_then(|waits| waits.major)))
    }

    /// Why the service is not to be touched. Who activates by hand or at boot needs no policy's permission.
    fn denied(&self) -> Answer<Option<String>> {
        let policy = match self.arguments.script {
            ScriptName::Activate => Policy::Manager,
            _ => Policy::Administrator,
        };
        denied(&self.session.config.service, policy)
            .map_err(|error| barred("policy", &error, "look at `/usr/sbin/policy-rc.d`"))
    }

    fn lock(&self) -> Answer<RunLock> {
        self.session.lock_within("hook", seam::patience(PATIENCE))
    }
}

/// The answer where a deed is nothing that has to be done.
fn settled(deed: Deed) -> Answer<Reply> {
    match deed {
        Deed::Refuse(refusal) => Err(refused(vec![refusal])),
        Deed::Say(words) => Ok(nothing().saying(words)),
        _ => Ok(nothing()),
    }
}

fn nothing() -> Reply {
    Reply::new(Outcome::Nothing)
}

/// A refusal with another way out: by the package manager.
fn instead(reply: Reply, code: &str, remedy: &str) -> Box<Reply> {
    let change = |refusal: Refusal| {
        if refusal.code == code { Refusal { remedy: remedy.to_owned(), ..refusal } } else { refusal }
    };
    let refusals = reply.refusals.into_iter().map(change).collect();
    Box::new(Reply { refusals, ..reply })
}

fn script(name: ScriptName) -> Script {
    match name {
        ScriptName::Preinst => Script::Preinst,
        ScriptName::Prerm => Script::Prerm,
        ScriptName::Postinst => Script::Postinst,
        ScriptName::Postrm => Script::Postrm,
        ScriptName::Activate => Script::Activate,
    }
}
