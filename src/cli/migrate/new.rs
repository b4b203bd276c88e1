//! `migrate new`: the files of a migration that is still to be written.

use std::path::Path;

use super::{Early, refused, site};
use crate::cli::exit::Outcome;
use crate::cli::reply::Reply;
use crate::config::Format;
use crate::migration::naming::{NamingError, NewFile, next};
use crate::plan::Refusal;
use crate::sys::clock;
use crate::sys::fs::{self, PathError};

/// Makes them. What is there is never written over.
pub(super) fn new(directory: &Path, format: Format, title: &str) -> Result<Reply, Early> {
    let unreadable = |error: PathError| site::failed("migrations", &error, "check the directory after `--dir`");
    let names: Vec<_> = fs::names(&fs::real_path(directory).map_err(unreadable)?).map_err(unreadable)?;
    let names: Vec<_> = names.into_iter().map(|name| name.to_string_lossy().into_owned()).collect();
    let (version, files) = next(format, &names, title, clock::now()).map_err(|error| refused(reason(&error)))?;
    let mut made = Vec::new();
    for NewFile { name, content } in &files {
        let path = directory.join(name);
        if let Err(error) = fs::write_new(&path, content.as_bytes()) {
            // One of a pair alone would be a migration without a way back.
            let _ = made.iter().try_for_each(|path: &std::path::PathBuf| fs::remove_file(path));
            return Err(site::failed("migrations", &error, "see what is there, and run the same command again"));
        }
        made.push(path);
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
