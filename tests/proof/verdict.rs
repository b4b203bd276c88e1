//! Whether a machine stands wholly at OLD or wholly at NEW, with nothing left over.

use std::path::Path;

use serde_json::Value;

use crate::frozen::{below, services};
use crate::operation::Ends;
use crate::picture::{Backup, Picture};
use crate::stage::Stage;

/// What became of one point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Old,
    New,
    Bad(String),
}

/// The ends that an operation has on one stage.
pub struct Expected {
    pub ends: Ends,
    /// As the operation found it, and as each of its hops leaves it but the last.
    pub old: Vec<Picture>,
    /// After a run in which nothing went wrong.
    pub new: Picture,
    /// The databases that were built on the way, before a service wrote to them.
    pub built: Vec<String>,
}

type Checked = Result<(), String>;

impl Expected {
    /// What stands there after a command, and after the recovery that it may have needed: everything is looked at.
    pub fn judge(&self, stage: &Stage) -> Verdict {
        let settled = Picture::of(&stage.world).and_then(|seen| {
            let verdict = self.side(&seen)?;
            leftovers(stage)?;
            content(stage, &seen)?;
            Ok(verdict)
        });
        settled.unwrap_or_else(Verdict::Bad)
    }

    /// The pair alone, without anything that a recovery may still have to do.
    pub fn judge_pair(&self, stage: &Stage) -> Verdict {
        let seen = match Picture::of(&stage.world) {
            Ok(seen) => seen,
            Err(words) => return Verdict::Bad(words),
        };
        if self.old.iter().any(|old| seen.pair() == old.pair()) {
            Verdict::Old
        } else if self.ends == Ends::Either && seen.pair() == self.new.pair() {
            Verdict::New
        } else {
            Verdict::Bad(format!("a mixed pair: {}", self.compare(&seen)))
        }
    }

    /// Whether OLD and NEW are different pairs; a backup changes neither program nor database.
    pub fn moves(&self) -> bool {
        self.ends == Ends::Either && self.old[0].pair() != self.new.pair()
    }

    /// Whether it may have done nothing and said so: an end that is OLD by itself.
    pub fn may_stay(&self) -> bool {
        self.ends != Ends::Either
    }

    fn side(&self, seen: &Picture) -> Result<Verdict, String> {
        if self.ends == Ends::Piecemeal {
            return self.between(seen);
        }
        // Of an operation that fails by itself, NEW is OLD with what was given up.
        if *seen == self.new {
            return Ok(if self.ends == Ends::Old { Verdict::Old } else { Verdict::New });
        }
        if self.old.iter().any(|old| self.is(old, seen)) {
            return Ok(Verdict::Old);
        }
        Err(format!("neither OLD nor NEW: {}", self.compare(seen)))
    }

    /// Whether it is this end, but for one backup of what was given up.
    fn is(&self, old: &Picture, seen: &Picture) -> bool {
        let mut without = seen.clone();
        without.backups.retain(|backup| old.backups.contains(backup) || !self.is_given_up(backup));
        without == *old && seen.backups.len() <= old.backups.len() + 1
    }

    /// The database of a new release, once its service had been started.
    fn is_given_up(&self, backup: &Backup) -> bool {
        backup.kind == "abandoned" && (self.built.contains(&backup.content) || self.new.backups.contains(backup))
    }

    fn between(&self, seen: &Picture) -> Result<Verdict, String> {
        let old = &self.old[0];
        let same = Picture { backups: old.backups.clone(), ..seen.clone() } == *old;
        let fewer = seen.backups.iter().all(|backup| old.backups.contains(backup));
        let enough = self.new.backups.iter().all(|backup| seen.backups.contains(backup));
        if !(same && fewer && enough) {
            return Err(format!("not between OLD and NEW: {}", self.compare(seen)));
        }
        Ok(if seen.backups == self.new.backups { Verdict::New } else { Verdict::Old })
    }

    fn compare(&self, seen: &Picture) -> String {
        let old: Vec<_> = self.old.iter().map(|old| format!("\n  OLD  {old}")).collect();
        format!("\n  seen {seen}{}\n  NEW  {}", old.concat(), self.new)
    }
}

/// The gate, `verify` and `backup verify` find nothing, there is one service at most, and nothing is left to recover.
fn content(stage: &Stage, seen: &Picture) -> Checked {
    let installed = seen.version.is_some();
    let gate = stage.world.run(&["gate", "--json"]);
    let ready = gate.json()["verdict"] == if installed { "ready" } else { "unknown" };
    hold(ready, || format!("the gate says {gate:#?}"))?;
    if installed {
        let verify = stage.world.run(&["verify", "--json"]);
        hold(verify.code == 0, || format!("verify says {verify:#?}"))?;
    }
    if !seen.backups.is_empty() {
        let verify = stage.world.run(&["backup", "verify", "--json"]);
        hold(verify.code == 0, || format!("backup verify says {verify:#?}"))?;
    }
    hold(seen.answers == seen.version, || format!("{:?} answers, {:?} is installed", seen.answers, seen.version))?;
    let services = services(&stage.world);
    hold(services == usize::from(installed), || format!("{services} services run: {:?}", stage.world.processes()))?;
    let again = stage.world.run(&["recover", "--json"]);
    hold(again.code == 0 && again.json()["outcome"] == "nothing", || format!("a second recover says {again:#?}"))
}

/// No file of the run is left but its records, in no place that the installer writes to.
fn leftovers(stage: &Stage) -> Checked {
    let world = &stage.world;
    let answer = world.run(&["status", "--json"]);
    hold(answer.code == 0, || format!("status says {answer:#?}"))?;
    let status = answer.json();
    hold(status["unfinished"] == Value::Null, || format!("unfinished: {}", status["unfinished"]))?;
    let work = below(&world.path("data/.gantry-installer-notes"));
    hold(work.iter().all(|name| name == Path::new("owner.json")), || format!("left in the work directory: {work:?}"))?;
    let data: Vec<_> = below(&world.path("data")).into_iter().filter(|path| path.iter().count() == 1).collect();
    let known = |path: &Path| {
        let name = path.to_string_lossy();
        name.starts_with("notes.db") || name == ".gantry-installer-notes"
    };
    hold(data.iter().all(|path| known(path)), || format!("left beside the database: {data:?}"))?;
    for name in ["state/.reserve", "root/.reserve", "state/private"] {
        hold(!world.path(name).exists(), || format!("`{name}` is left"))?;
    }
    let versions = names(&world.path("root/versions"));
    hold(status["versions"] == Value::from(versions.clone()), || format!("`root/versions` holds {versions:?}"))?;
    let mut listed: Vec<_> =
        status["backups"].as_array().into_iter().flatten().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    listed.sort();
    let kept = names(&world.path("backups"));
    hold(kept == listed, || format!("`backups` holds {kept:?}, listed are {listed:?}"))
}

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn hold(is_so: bool, otherwise: impl FnOnce() -> String) -> Checked {
    if is_so { Ok(()) } else { Err(otherwise()) }
}
