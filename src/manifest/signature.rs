//! Who signed a manifest: minisign signatures over the hash of the file (<https://jedisct1.github.io/minisign/>).

use std::fmt;
use std::io::Cursor;
use std::str::FromStr;

use minisign::SignatureBox;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a signature, or a key, is not accepted.
#[derive(Debug, Error)]
pub enum SignatureError {
    /// The file is something else, or damaged.
    #[error("the signature is not one of minisign's: {0}")]
    NotASignature(String),
    /// Minisign's form without the hash, which is not made any more.
    #[error("the signature is of minisign's legacy form; sign again without `-l`")]
    Legacy,
    /// Nobody who is believed signed it.
    #[error("the manifest is signed by the key {by}, and the configuration believes {}", list(.configured))]
    Foreign {
        /// The signer's key.
        by: KeyId,
        /// Those that are believed.
        configured: Vec<KeyId>,
    },
    /// The right key, but other bytes.
    #[error(
        "the signature by the key {0} does not match the manifest: one of the two was changed or is of another release"
    )]
    Mismatch(KeyId),
    /// Text that is no public key.
    #[error("`{text}` is not a minisign public key: {reason}")]
    NotAKey {
        /// What was given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// The number of a key, in hexadecimal as minisign prints it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(String);

impl KeyId {
    /// Minisign keeps the number with its lowest byte first.
    pub(super) fn of(number: &[u8]) -> Self {
        Self(number.iter().rev().map(|byte| format!("{byte:02X}")).collect())
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key that is believed, written as `RWQ…` or as a whole `.pub` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(pub(super) minisign::PublicKey);

impl PublicKey {
    /// The number by which signatures name it.
    pub fn id(&self) -> KeyId {
        KeyId::of(self.0.keynum())
    }
}

impl FromStr for PublicKey {
    type Err = SignatureError;

    fn from_str(text: &str) -> Result<Self, SignatureError> {
        let wrong = |reason: String| SignatureError::NotAKey { text: text.trim().to_owned(), reason };
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(COMMENT));
        let (Some(line), None) = (lines.next(), lines.next()) else {
            return Err(wrong("one line such as `RWQ…` was expected".to_owned()));
        };
        let key = minisign::PublicKey::from_base64(line).map_err(|error| wrong(error.to_string()))?;
        // The library does not look at the name of the algorithm.
        if !key.to_bytes().starts_with(ED25519) {
            return Err(wrong("its algorithm is not Ed25519".to_owned()));
        }
        Ok(Self(key))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_base64())
    }
}

/// Which of `keys` signed exactly these bytes. `signature` is the text of the `.minisig` file.
pub fn verify(manifest: &[u8], signature: &str, keys: &[PublicKey]) -> Result<KeyId, SignatureError> {
    let signature = read(signature)?;
    if !signature.is_prehashed() {
        return Err(SignatureError::Legacy);
    }
    let by = KeyId::of(signature.keynum());
    // A number can be forged to be that of a believed key: it only says which keys to try.
    let mut named = keys.iter().filter(|key| key.id() == by).peekable();
    if named.peek().is_none() {
        return Err(SignatureError::Foreign { by, configured: keys.iter().map(PublicKey::id).collect() });
    }
    let (quiet, output, allow_legacy) = (true, false, false);
    let matches = |key: &PublicKey| {
        minisign::verify(&key.0, &signature, Cursor::new(manifest), quiet, output, allow_legacy).is_ok()
    };
    if named.any(matches) { Ok(by) } else { Err(SignatureError::Mismatch(by)) }
}

/// Which key a signature says that it is by. Nothing is verified: anybody can write any number there.
pub fn signer(signature: &str) -> Result<KeyId, SignatureError> {
    read(signature).map(|signature| KeyId::of(signature.keynum()))
}

const COMMENT: &str = "untrusted comment:";
const ED25519: &[u8] = b"Ed";
/// Letters of base64 of a signature with its algorithm and key number: 74 bytes.
const SIGNATURE_LETTERS: usize = 100;
/// Letters of base64 of the signature of the trusted comment: 64 bytes.
const COMMENT_SIGNATURE_LETTERS: usize = 88;

/// The library panics over a signature of the comment that is too short: the lengths are looked at before it sees them.
fn read(text: &str) -> Result<SignatureBox, SignatureError> {
    let wrong = |reason: &str| SignatureError::NotASignature(reason.to_owned());
    let letters = |line: usize| text.lines().nth(line).map(|line| line.trim().len());
    if letters(3).is_none() {
        return Err(wrong("it has fewer than four lines"));
    }
    if letters(1) != Some(SIGNATURE_LETTERS) || letters(3) != Some(COMMENT_SIGNATURE_LETTERS) {
        return Err(wrong("its second or fourth line has the wrong length"));
    }
    SignatureBox::from_string(text).map_err(|error| wrong(&error.to_string()))
}

fn list(keys: &[KeyId]) -> String {
    let names: Vec<&str> = keys.iter().map(|key| key.0.as_str()).collect();
    if names.is_empty() { "no key".to_owned() } else { format!("only {}", names.join(", ")) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::signing::{SecretKey, generate, sign};
    use super::*;

    /// A key and what it signed, made with minisign 0.11: `minisign -G -W`, `minisign -S -m`.
    const STOCK_KEY: &str = "RWSR5f07fhQuOeuddC91f3Vo4ay8IBY/tA/MES5JHSXS8EEpnJFD7vBU";
    const STOCK_SIGNATURE: &str = "untrusted comment: signature from minisign secret key\nRUSR5f07fhQuORGKiR731SPPy5yOoWO9T+TPQIHFX3m46wBm7FJsI/KWQ8nPiCW0bhMB4P+nIAU9xRax0zYiPjkuMzNOYgX4mQo=\ntrusted comment: timestamp:1 file\nNAS7pgr0R4Pe3QiK3+BrRct3qGPbCzCAWjkDpiJaDdrWkK4iy0U+BZCqZ1ExFxxO5uqDZ8kiDU9/QzFUZ9pTAQ==\n";

    fn key() -> (SecretKey, PublicKey) {
        let files = generate(None).unwrap();
        (SecretKey::open(&files.secret, None).unwrap(), files.public.parse().unwrap())
    }

    fn signed(manifest: &[u8], key: &SecretKey) -> String {
        sign(manifest, key, "gantry.toml", jiff::Timestamp::UNIX_EPOCH).unwrap()
    }

    #[test]
    fn what_the_stock_tool_signed_is_accepted_and_one_changed_byte_is_not() {
        let keys = [STOCK_KEY.parse().unwrap()];
        assert_eq!(verify(b"format = 1\n", STOCK_SIGNATURE, &keys).unwrap(), keys[0].id());
        assert!(matches!(verify(b"format = 2\n", STOCK_SIGNATURE, &keys), Err(SignatureError::Mismatch(_))));
    }

    #[test]
    fn a_legacy_signature_is_refused_even_by_a_believed_key() {
        // `minisign -S -l` over `hello`.
        let legacy = "untrusted comment: signature from minisign secret key\nRWSR5f07fhQuOXEtb13PUPcCz3dsBqjHXN31ttC7jZvdEftrp44pnPNxtPurpN8HixbdNc1UbNAB+Aa0QC4aENiWE0iR3e9MgAM=\ntrusted comment: timestamp:1795225165\tfile:ours.toml\nAa0YYgOpAv6Wuh/PgeJ2yLJJwc6fjHjm5tUN6pNGkEB56ORHHsCnIPRZhfhh1Zu+yvrsR29ndbs7Ob6POQ0vCg==\n";
        let refusal = verify(b"hello\n", legacy, &[STOCK_KEY.parse().unwrap()]);
        assert!(matches!(refusal, Err(SignatureError::Legacy)), "{refusal:?}");
    }

    #[test]
    fn any_one_of_the_configured_keys_may_sign() {
        let ((first, one), (second, two)) = (key(), key());
        let keys = [one, two];
        assert_eq!(verify(b"m", &signed(b"m", &first), &keys).unwrap(), keys[0].id());
        assert_eq!(verify(b"m", &signed(b"m", &second), &keys).unwrap(), keys[1].id());
    }

    #[test]
    fn a_foreign_key_is_named_beside_those_that_are_believed() {
        let ((foreign, its), (_, ours)) = (key(), key());
        let refusal = verify(b"m", &signed(b"m", &foreign), std::slice::from_ref(&ours)).unwrap_err();
        let words = format!("signed by the key {}, and the configuration believes only {}", its.id(), ours.id());
        assert!(refusal.to_string().ends_with(&words), "{refusal}");
    }

    #[test]
    fn a_changed_trusted_comment_is_refused() {
        let (secret, public) = key();
        let changed = signed(b"m", &secret).replace("gantry.toml", "gantri.toml");
        assert!(matches!(verify(b"m", &changed, &[public]), Err(SignatureError::Mismatch(_))));
    }

    #[test]
    fn a_key_is_read_from_its_line_or_from_the_whole_file() {
        let files = generate(None).unwrap();
        let key: PublicKey = files.public.parse().unwrap();
        assert_eq!(key.to_string().parse::<PublicKey>().unwrap(), key);
        assert!(files.public.contains(&key.id().to_string()) && key.to_string().starts_with("RW"));
        for text in ["", "RWQ", "untrusted comment: nothing", &key.to_string().replace("RW", "AA")] {
            assert!(text.parse::<PublicKey>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_signature_cut_short_anywhere_is_refused() {
        let (secret, public) = key();
        let whole = signed(b"m", &secret);
        let keys = [public];
        assert!(verify(b"m", whole.trim_end(), &keys).is_ok());
        for length in 0..whole.trim_end().len() {
            assert!(verify(b"m", &whole[..length], &keys).is_err(), "{length}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_of_signatures_panic(text in any::<String>(), line in 0usize..4, put in "[A-Za-z0-9+/=é]{0,101}") {
            let keys = [STOCK_KEY.parse().unwrap()];
            let lines: Vec<&str> =
                STOCK_SIGNATURE.lines().enumerate().map(|(at, old)| if at == line { put.as_str() } else { old }).collect();
            for text in [text, lines.join("\n")] {
                // Only the untrusted comment may change, and only what follows its prefix.
                prop_assert!(verify(b"format = 1\n", &text, &keys).is_err());
            }
        }
    }
}
