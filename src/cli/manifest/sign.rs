//! `manifest sign`: signs as minisign does, and makes the key first where that is asked for.

use std::path::{Path, PathBuf};

use dialoguer::Password;
use serde_json::json;

use super::check::signature_file;
use super::{Answer, failed, load, now, understood, unreadable, unwritable};
use crate::cli::exit::Outcome;
use crate::cli::reply::Reply;
use crate::cli::terminal::Terminal;
use crate::manifest::check::check;
use crate::manifest::signature::verify;
use crate::manifest::signing::{SecretKey, SigningError, generate, needs_password, sign};
use crate::plan::Refusal;
use crate::sys::fs;

/// What was asked for.
pub(super) struct Asked<'a> {
    pub(super) manifest: &'a Path,
    pub(super) key: &'a Path,
    pub(super) generate: bool,
    pub(super) password_file: Option<&'a Path>,
}

pub(super) fn run(asked: &Asked<'_>, terminal: &Terminal) -> Answer {
    let text = load(asked.manifest)?;
    let manifest = understood(asked.manifest, &text)?;
    // Its author may mean it, for example when every release is withdrawn.
    let mistakes = check(&manifest, now()).into_iter().filter(|remark| !remark.is_note());
    let mut warnings: Vec<String> = mistakes.map(|remark| remark.to_string()).collect();
    let made = asked.generate && !fs::exists(asked.key).map_err(|error| unreadable(&error))?;
    let key = if made { make(asked, terminal, &mut warnings)? } else { open(asked, terminal)? };
    let public = key.public().map_err(|error| refused_key(&error))?;
    if asked.generate {
        publish(asked.key, &key)?;
    }
    let name = asked.manifest.file_name().unwrap_or_default().to_string_lossy();
    let signature = sign(text.as_bytes(), &key, &name, now()).map_err(|error| refused_key(&error))?;
    // What installers will do: a signature that they refuse is never written.
    verify(text.as_bytes(), &signature, std::slice::from_ref(&public))
        .map_err(|error| failed("signature", &error, "make a new key: this one is damaged"))?;
    let file = signature_file(asked.manifest);
    fs::write_durable(&file, signature.as_bytes(), 0o644).map_err(|error| unwritable(&error))?;
    let mut words = format!("signed `{}` with the key {}: `{}`", asked.manifest.display(), public.id(), file.display());
    if made {
        words = format!(
            "made the key `{}`; `manifest.keys` of those who believe it gets \"{public}\"\n{words}",
            asked.key.display()
        );
    }
    Ok(Reply::new(Outcome::Done)
        .with("manifest", asked.manifest)
        .with("signature", json!({ "file": file, "key": public.id() }))
        .with("public_key", public.to_string())
        .with("generated", made)
        .warning(warnings)
        .saying(words))
}

fn make(asked: &Asked<'_>, terminal: &Terminal, warnings: &mut Vec<String>) -> Result<SecretKey, Box<Reply>> {
    let public = public_file(asked.key);
    if fs::exists(&public).map_err(|error| unreadable(&error))? {
        let message = format!("there is no `{}`, but its public half `{}`", asked.key.display(), public.display());
        let remedy = "put the secret key back, or name another file with `--key FILE`";
        return Err(Box::new(Reply::refused(vec![Refusal::new("key-lost", message, remedy)])));
    }
    let password = match asked.password_file {
        Some(file) => Some(first_line(file)?),
        None if terminal.interactive => ask("password of the new key (empty for none)", Purpose::New)?,
        None => None,
    };
    if password.is_none() {
        warnings.push(format!("the key `{}` has no password: whoever reads the file can sign", asked.key.display()));
    }
    let files = generate(password.as_deref()).map_err(|error| refused_key(&error))?;
    // The secret half first: the other is made from it, also after a kill between the two.
    fs::write_durable(asked.key, files.secret.as_bytes(), 0o600).map_err(|error| unwritable(&error))?;
    SecretKey::open(&files.secret, password.as_deref()).map_err(|error| refused_key(&error))
}

fn open(asked: &Asked<'_>, terminal: &Terminal) -> Result<SecretKey, Box<Reply>> {
    let text = fs::read_if_there(asked.key).map_err(|error| unreadable(&error))?.ok_or_else(|| {
        let message = format!("there is no key `{}`", asked.key.display());
        let remedy = "name the right file, or make the key with `--generate`";
        Reply::refused(vec![Refusal::new("key-missing", message, remedy)])
    })?;
    let text = String::from_utf8_lossy(&text);
    let password = match asked.password_file {
        _ if !needs_password(&text) => None,
        Some(file) => Some(first_line(file)?),
        None if terminal.interactive => ask("password of the key", Purpose::Open)?,
        None => {
            let message = format!("the key `{}` needs a password, and there is no terminal", asked.key.display());
            let remedy = "give it in the first line of a file: `--password-file FILE`";
            return Err(Box::new(Reply::refused(vec![Refusal::new("password-needed", message, remedy)])));
        }
    };
    SecretKey::open(&text, password.as_deref()).map_err(|error| refused_key(&error))
}

/// Writes the public half beside the secret one, where it is missing.
fn publish(secret: &Path, key: &SecretKey) -> Result<(), Box<Reply>> {
    let file = public_file(secret);
    if fs::exists(&file).map_err(|error| unreadable(&error))? {
        return Ok(());
    }
    let text = key.public_file().map_err(|error| refused_key(&error))?;
    fs::write_durable(&file, text.as_bytes(), 0o644).map_err(|error| unwritable(&error))
}

fn public_file(secret: &Path) -> PathBuf {
    let mut name = secret.as_os_str().to_owned();
    name.push(".pub");
    name.into()
}

fn first_line(file: &Path) -> Result<String, Box<Reply>> {
    let text = load(file)?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => {
            let message = format!("the first line of `{}` is empty, and should be the password", file.display());
            let remedy = "write the password there, or leave `--password-file` out";
            Err(Box::new(Reply::refused(vec![Refusal::new("password-empty", message, remedy)])))
        }
    }
}

/// What a password is for.
enum Purpose {
    /// A new key: it is asked for twice, and may be none.
    New,
    /// A key that is there.
    Open,
}

fn ask(prompt: &str, purpose: Purpose) -> Result<Option<String>, Box<Reply>> {
    let question = Password::new().with_prompt(prompt);
    let question = match purpose {
        Purpose::New => {
            question.allow_empty_password(true).with_confirmation("once more", "the two are not the same, once more")
        }
        Purpose::Open => question,
    };
    let answer = question.interact().map_err(|error| {
        failed("terminal", &error, "give the password in the first line of a file: `--password-file FILE`")
    })?;
    Ok(Some(answer).filter(|password| !password.is_empty()))
}

fn refused_key(error: &SigningError) -> Box<Reply> {
    let remedy = match error {
        SigningError::NeedsPassword | SigningError::Open(_) => "check the password, and that the file is a secret key",
        SigningError::Generate(_) | SigningError::Sign { .. } => "make a new key with `--generate` and another file",
        SigningError::Name(_) => "rename the manifest",
    };
    failed("key", error, remedy)
}
