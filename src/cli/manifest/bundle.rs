//! `manifest bundle`: everything that a machine without a network needs for a way, in one file.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use serde_json::json;

use super::check::signature_file;
use super::{Answer, failed, load, understood, unreadable};
use crate::cli::exit::Outcome;
use crate::cli::export::unpublished;
use crate::cli::reply::Reply;
use crate::cli::runs::{barred, unresolved};
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::manifest::graph::{Asked as AskedWay, way};
use crate::manifest::{Artifact, Manifest, Release};
use crate::plan::gates::size;
use crate::run::resolve::{self, installer};
use crate::sys::fs;
use crate::sys::http::{self, BundleWriter, Client};
use crate::sys::publication::Publication;
use crate::sys::temporary::Temporary;
use crate::version::{Target, Version};

pub(super) struct Asked<'a> {
    pub file: &'a Path,
    pub from: Option<&'a Version>,
    pub to: &'a Target,
    pub manifest: &'a Path,
    pub target: Option<&'a str>,
    pub believed_by: Option<&'a Path>,
}

pub(super) fn run(asked: &Asked<'_>, terminal: &Terminal) -> Answer {
    let text = load(asked.manifest)?;
    let manifest = understood(asked.manifest, &text)?;
    let signature = fs::read(&signature_file(asked.manifest)).map_err(|error| match error.is_missing() {
        true => failed("unsigned", &error, "sign it first: `gantry-installer manifest sign --key FILE`"),
        false => unreadable(&error),
    })?;
    if let Some(config) = asked.believed_by {
        let session = Session::read(config, terminal)?;
        resolve::brought(&session.config, text.as_bytes(), &signature).map_err(unresolved)?;
    }
    let releases = releases(asked, &manifest)?;
    let artifacts = artifacts(asked, &releases)?;
    let publication = Publication::begin(asked.file).map_err(|error| unpublished(&error, "bundle"))?;
    let output = BufWriter::new(publication.file());
    let mut writer = BundleWriter::begin(output, text.as_bytes(), &signature).map_err(|error| unwritten(&error))?;
    for artifact in &artifacts {
        let temporary = Temporary::create().map_err(|error| unwritten(&error))?;
        let file = fetched(asked, artifact, &temporary, terminal)?;
        writer.artifact(artifact.sha256, artifact.size, file).map_err(|error| unwritten(&error))?;
    }
    writer.finish().and_then(|mut output| output.flush()).map_err(|error| unwritten(&error))?;
    let bytes = publication.publish().map_err(|error| unpublished(&error, "bundle"))?;
    let versions: Vec<String> = releases.iter().map(|release| release.version.to_string()).collect();
    let text = format!(
        "bundled {}{}: {} artifacts, {}\nbring `{}` there, and run `gantry-installer upgrade --bundle FILE`",
        asked.from.map(|from| format!("the way from {from} to ")).unwrap_or_default(),
        versions.join(", then "),
        artifacts.len(),
        size(bytes),
        asked.file.display()
    );
    let body = json!({ "path": asked.file, "bytes": bytes, "releases": versions });
    Ok(Reply::new(Outcome::Done).with("bundle", body).saying(text))
}

fn releases<'m>(asked: &Asked<'_>, manifest: &'m Manifest) -> Result<Vec<&'m Release>, Box<Reply>> {
    let installer = installer().map_err(|error| failed("version", &error, "report this as a bug"))?;
    let target = Some(asked.to);
    // The way of a machine that follows `stable`; an exact version may be of any channel.
    let wish = AskedWay { installed: asked.from, target, channel: "stable", installer: &installer, skip: &[] };
    // What leads to a release on a machine is no help to who packs a way for it.
    let releases = way(manifest, &wish)
        .map_err(|error| barred("no-way", &error, "name other releases with `--to` and `--from`"))?;
    if releases.is_empty() {
        let from = asked.from.map(ToString::to_string).unwrap_or_default();
        return Err(Box::new(Reply::new(Outcome::Nothing).saying(format!("{from} is {} already", asked.to))));
    }
    Ok(releases)
}

/// Each artifact once, though several releases may name it.
fn artifacts<'m>(asked: &Asked<'_>, releases: &[&'m Release]) -> Result<Vec<&'m Artifact>, Box<Reply>> {
    let mut artifacts: Vec<&Artifact> = Vec::new();
    for release in releases {
        let wanted = |artifact: &&Artifact| {
            asked.target.is_none_or(|target| artifact.target == target || artifact.target == "any")
        };
        let before = artifacts.len();
        artifacts.extend(release.artifacts.iter().filter(wanted));
        if artifacts.len() == before {
            let message = format!("release {} has no artifact for {}", release.version, asked.target.unwrap_or("any"));
            let remedy = "name another `--target`, or leave it out for all";
            return Err(Box::new(Reply::refused(vec![crate::plan::Refusal::new("no-artifact", message, remedy)])));
        }
    }
    artifacts.sort_by_key(|artifact| artifact.sha256);
    artifacts.dedup_by_key(|artifact| artifact.sha256);
    Ok(artifacts)
}

/// An artifact with the size and digest that the manifest names, from where the manifest says.
fn fetched(
    asked: &Asked<'_>,
    artifact: &Artifact,
    temporary: &Temporary,
    terminal: &Terminal,
) -> Result<File, Box<Reply>> {
    let remedy = "put the artifact where the manifest says, beside the manifest if it names no other place";
    let manifest = fs::real_path(asked.manifest).map_err(|error| unreadable(&error))?;
    let base = http::of_file(&manifest).map_err(|error| failed("artifact", &error, remedy))?;
    let url = http::join(&base, &artifact.url).map_err(|error| failed("artifact", &error, remedy))?;
    let part = temporary.path().join("artifact");
    let client = Client::new(None, concat!("gantry-installer/", env!("CARGO_PKG_VERSION")));
    client
        .download(&url, artifact.size, artifact.sha256, &part, terminal)
        .map_err(|error| failed("artifact", &error, remedy))?;
    fs::open_regular(&part).map_err(|error| failed("artifact", &error, remedy))
}

fn unwritten(error: &dyn std::error::Error) -> Box<Reply> {
    failed("bundle", error, "check the directory: its permissions, and the space that is free")
}
