//! Makes keys and signatures in the files of minisign, so that its own tool reads them and ours reads its.

use std::fmt;

use jiff::Timestamp;
use minisign::SecretKeyBox;
use thiserror::Error;

use super::signature::PublicKey;

/// Why nothing was signed.
#[derive(Debug, Error)]
pub enum SigningError {
    /// The key is encrypted, and no password was given.
    #[error("the secret key needs a password")]
    NeedsPassword,
    /// A wrong password, or a file that is no key.
    #[error("cannot open the secret key")]
    Open(#[source] minisign::PError),
    /// No new key was made.
    #[error("cannot make a key")]
    Generate(#[source] minisign::PError),
    /// A file name that would break the lines of the signature.
    #[error("cannot sign `{}`: its name has control characters", .0.escape_debug())]
    Name(String),
    /// The signature was not made.
    #[error("cannot sign `{name}`")]
    Sign {
        /// The file.
        name: String,
        /// What the library says.
        source: minisign::PError,
    },
}

/// An opened secret key.
pub struct SecretKey(minisign::SecretKey);

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey")
    }
}

impl SecretKey {
    /// Opens the text of a secret key file. A password is ignored where the key has none.
    pub fn open(text: &str, password: Option<&str>) -> Result<Self, SigningError> {
        let file = SecretKeyBox::from_string(text).map_err(SigningError::Open)?;
        let key = match (needs_password(text), password) {
            (false, _) if has_no_checksum(text) => return without_checksum(text),
            (false, _) => file.into_unencrypted_secret_key(),
            (true, Some(password)) => file.into_secret_key(Some(password.to_owned())),
            // The library would ask at the terminal.
            (true, None) => return Err(SigningError::NeedsPassword),
        };
        key.map(Self).map_err(SigningError::Open)
    }

    /// The key that verifies what this one signs.
    pub fn public(&self) -> Result<PublicKey, SigningError> {
        minisign::PublicKey::from_secret_key(&self.0).map(PublicKey).map_err(SigningError::Open)
    }

    /// The text of the `.pub` file of the key, as it was made with it.
    pub fn public_file(&self) -> Result<String, SigningError> {
        self.public()?.0.to_box().map(|public| public.into_string()).map_err(SigningError::Generate)
    }
}

/// Whether a secret key file is encrypted, by the first bytes that minisign writes: `EdSc` or `Ed` and two zeros.
pub fn needs_password(text: &str) -> bool {
    text.lines().nth(1).is_some_and(|key| key.starts_with(BASE64_OF_ED_SC))
}

const BASE64_OF_ED_SC: &str = "RWRTY";

/// Minisign up to 0.11 writes zeros for the checksum of a key without a password, which the library takes for damage. The
/// checksum is the last 32 of 158 bytes.
fn has_no_checksum(text: &str) -> bool {
    let checksum = text.lines().nth(1).and_then(|key| key.trim().get(168..212));
    checksum
        .and_then(|letters| letters.strip_suffix('='))
        .is_some_and(|zeros| zeros.bytes().all(|letter| letter == b'A'))
}

fn without_checksum(text: &str) -> Result<SecretKey, SigningError> {
    let bytes = text.lines().nth(1).and_then(|key| base64(key.trim())).unwrap_or_default();
    minisign::SecretKey::from_bytes(&bytes).map(SecretKey).map_err(SigningError::Open)
}

/// The bytes of standard base64 (RFC 4648, section 4); nothing if a letter is not of it.
fn base64(text: &str) -> Option<Vec<u8>> {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0u32, 0u32);
    for letter in text.trim_end_matches('=').chars() {
        bits = (bits << 6 | u32::try_from(LETTERS.find(letter)?).ok()?) & 0xffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(bytes)
}

/// The text of the `.minisig` file of `manifest`. `name` is the file's name, `at` now; both go into the trusted comment.
pub fn sign(manifest: &[u8], key: &SecretKey, name: &str, at: Timestamp) -> Result<String, SigningError> {
    if name.contains(char::is_control) {
        return Err(SigningError::Name(name.to_owned()));
    }
    let trusted = format!("timestamp:{}\tfile:{name}\thashed", at.as_second());
    let untrusted = Some("signature from a minisign secret key");
    // With the public half at hand the library checks its own signature: a damaged key signs nothing.
    minisign::sign(Some(&key.public()?.0), &key.0, manifest, Some(&trusted), untrusted)
        .map(String::from)
        .map_err(|source| SigningError::Sign { name: name.to_owned(), source })
}

/// The texts of the two files of a new key.
pub struct KeyFiles {
    /// To be kept secret: mode 0600.
    pub secret: String,
    /// To be published and configured.
    pub public: String,
}

impl fmt::Debug for KeyFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyFiles").field("public", &self.public).finish_non_exhaustive()
    }
}

/// Makes a new key, encrypted if there is a password.
pub fn generate(password: Option<&str>) -> Result<KeyFiles, SigningError> {
    let (pair, comment) = match password {
        Some(password) => {
            (minisign::KeyPair::generate_encrypted_keypair(Some(password.to_owned())), "minisign encrypted secret key")
        }
        None => (minisign::KeyPair::generate_unencrypted_keypair(), "minisign secret key without a password"),
    };
    let pair = pair.map_err(SigningError::Generate)?;
    let secret = pair.sk.to_box(Some(comment)).map_err(SigningError::Generate)?.into_string();
    let public = pair.pk.to_box().map_err(SigningError::Generate)?.into_string();
    Ok(KeyFiles { secret, public })
}

#[cfg(test)]
mod tests {
    use super::super::signature::verify;
    use super::*;

    #[test]
    fn a_key_with_a_password_opens_with_that_password_only() {
        let files = generate(Some("correct horse")).unwrap();
        assert!(needs_password(&files.secret));
        assert!(matches!(SecretKey::open(&files.secret, None), Err(SigningError::NeedsPassword)));
        assert!(matches!(SecretKey::open(&files.secret, Some("wrong")), Err(SigningError::Open(_))));
        let key = SecretKey::open(&files.secret, Some("correct horse")).unwrap();
        let signature = sign(b"m", &key, "gantry.toml", Timestamp::UNIX_EPOCH).unwrap();
        assert!(verify(b"m", &signature, &[files.public.parse().unwrap()]).is_ok());
        assert_eq!(key.public().unwrap(), files.public.parse().unwrap());
        assert_eq!(key.public_file().unwrap(), files.public);
    }

    #[test]
    fn the_trusted_comment_says_when_and_what_was_signed() {
        let key = SecretKey::open(&generate(None).unwrap().secret, None).unwrap();
        let signature = sign(b"m", &key, "gantry.toml", "2026-11-01T00:00:00Z".parse().unwrap()).unwrap();
        assert!(signature.contains("\ntrusted comment: timestamp:1793491200\tfile:gantry.toml\thashed\n"));
        assert!(matches!(sign(b"m", &key, "a\nb", Timestamp::UNIX_EPOCH), Err(SigningError::Name(_))));
    }

    #[test]
    fn a_key_of_the_stock_tool_without_a_password_or_a_checksum_signs() {
        // Made with minisign 0.11: `minisign -G -W`.
        let text = "untrusted comment: minisign encrypted secret key\nRWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAkeX9O34ULjkpkAa3zL2kccaGv0oYpnj9wrX/MDcPwSs7SGmkv8afJOuddC91f3Vo4ay8IBY/tA/MES5JHSXS8EEpnJFD7vBUAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
        let key = SecretKey::open(text, None).unwrap();
        let signature = sign(b"m", &key, "gantry.toml", Timestamp::UNIX_EPOCH).unwrap();
        let public = "RWSR5f07fhQuOeuddC91f3Vo4ay8IBY/tA/MES5JHSXS8EEpnJFD7vBU".parse().unwrap();
        assert!(verify(b"m", &signature, &[public]).is_ok());
        let damaged = SecretKey::open(&text.replace("kAa3", "AAAA"), None).unwrap();
        assert!(sign(b"m", &damaged, "gantry.toml", Timestamp::UNIX_EPOCH).is_err());
    }

    #[test]
    fn a_secret_key_is_never_shown() {
        let files = generate(None).unwrap();
        let key = SecretKey::open(&files.secret, None).unwrap();
        let secret = files.secret.lines().nth(1).unwrap();
        assert!(!format!("{files:?}").contains(secret) && format!("{key:?}") == "SecretKey");
    }

    #[test]
    fn text_that_is_no_key_is_refused() {
        for text in ["", "untrusted comment: x\n", "untrusted comment: x\nRWQAAEIy\n", "x\né\n"] {
            assert!(matches!(SecretKey::open(text, Some("p")), Err(SigningError::Open(_))), "{text}");
        }
    }
}
