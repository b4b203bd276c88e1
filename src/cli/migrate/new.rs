//! `migrate new`: the files of a migration that is still to be written.

use std::path::Path;

use super::{Early, refused, site};
use crate::cli::exit::Outcome;
use crate::cli::reply::Reply;
use crate::config::Format;
use crate::migration::Set;
use crate::migration::naming::{NamingError, NewFile, next, voucher};
use crate::plan::Refusal;
use crate::sys::clock;
use crate::sys::fs::{self, PathError};

/// Makes them. What is there is never written over.
pub(super) fn new(directory: &Path, format: Format, title: &str) -> Result<Reply, Early> {
    let unreadable = |error: PathError| site::failed("migrations", &error, "check the directory after `--dir`");
    let mut all = site::files(directory).map_err(unreadable)?;
    let names: Vec<_> = all.iter().map(|(name, _)| name.clone()).collect();
    if !all.is_empty() && voucher(format, &[]).is_ok_and(|voucher| voucher.is_some()) {
        // A sum that is wrong already must not be made right by the way.
        Set::read(format, all.iter().cloned()).map_err(|error| {
            site::failed("migrations", &error, "see what was changed, and mend it or run `atlas migrate hash`")
        })?;
    }
    let (version, files) = next(format, &names, title, clock::now()).map_err(|error| refused(reason(&error)))?;
    let mut made = Vec::new();
    for NewFile { name, content } in &files {
        let path = directory.join(name);
        if let Err(error) = fs::write_new(&path, content.as_bytes()) {
            // One of a pair alone would be a migration without a way back.
            let _ = made.iter().try_for_each(|path: &std::path::PathBuf| fs::remove_file(path));
            return Err(site::failed("migrations", &error, "see what is there, and run the same command again"));
        }
        all.push((name.clone(), content.clone().into_bytes()));
        made.push(path);
    }
    let unread = |error| site::failed("migrations", &error, "mend the directory after `--dir`");
    if let Some(NewFile { name, content }) = voucher(format, &all).map_err(unread)? {
        let path = directory.join(name);
        let failed =
            |error: PathError| site::failed("migrations", &error, "run `atlas migrate hash` once it can be written");
        fs::write_durable(&path, content.as_bytes(), 0o644).map_err(failed)?;
    }
    let text: String = made.iter().map(|path| format!("made {}\n", path.display())).collect();
    Ok(Reply::new(Outcome::Done).with("version", version).with("files", &made).saying(text))
}

fn reason(error: &NamingError) -> Refusal {
    let remedy = match error {
        NamingError::Title { likely, .. } => format!("run `gantry-installer migrate new {likely}`"),
        NamingError::Taken { .. } => "choose another name".to_owned(),
        NamingError::Exhausted { .. } => "give that file a number that leaves room after it".to_owned(),
        NamingError::SortsBefore { .. } => {
            "give all files numbers of one length first; where they are applied already, begin with a time, such as \
             20260101000000"
                .to_owned()
        }
    };
    Refusal::new("name", error.to_string(), remedy)
}
