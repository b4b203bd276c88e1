//! A download that goes on where it stopped, by ranges of bytes (RFC 9110, section 14).

use std::io::Read;
use std::path::Path;

use reqwest::Url;
use reqwest::header::{
    CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_RANGE, LAST_MODIFIED, RANGE,
};

use crate::digest::Sha256;
use crate::sys::clock::Stopwatch;
use crate::sys::fs::{self, PathError};
use crate::sys::http::address::Address;
use crate::sys::http::exchange::Answer;
use crate::sys::http::part::{self, Part};
use crate::sys::http::patience::Retries;
use crate::sys::http::{Client, Problem};
use crate::sys::seam;
use crate::sys::watch::Watch;

impl Client {
    pub(super) fn download_into(
        &self,
        address: &Address,
        size: u64,
        sha256: Sha256,
        path: &Path,
        watch: &dyn Watch,
    ) -> Result<(), Problem> {
        let mut part = Part::open(path, size, watch)?;
        self.fill(address, &mut part, size, sha256, watch)?;
        match part.finish(sha256) {
            // It may be half of an old file and half of a new one. Once more, as a whole, and never again: a
            // server that has other bytes has them tomorrow as well.
            Err(Problem::Digest { .. }) => part.restart(None)?,
            done => return done,
        }
        self.fill(address, &mut part, size, sha256, watch)?;
        let done = part.finish(sha256);
        if matches!(done, Err(Problem::Digest { .. })) {
            part::discard(path)?;
        }
        done
    }

    fn fill(
        &self,
        address: &Address,
        part: &mut Part,
        size: u64,
        sha256: Sha256,
        watch: &dyn Watch,
    ) -> Result<(), Problem> {
        match (&self.bundle, address) {
            (Some(bundle), _) => {
                let (content, found) = bundle.artifact(sha256)?;
                copy(content, bundle.path(), found, part, size, watch)
            }
            (None, Address::File(source)) => {
                let file = fs::open_regular(source)?;
                let found = file.metadata().map_err(PathError::on("look at", source))?.len();
                copy(file, source, found, part, size, watch)
            }
            (None, Address::Web(url)) => self.fill_from_server(url, part, size, watch),
        }
    }

    fn fill_from_server(&self, url: &Url, part: &mut Part, size: u64, watch: &dyn Watch) -> Result<(), Problem> {
        let mut retries = Retries::new(self.patience, part.length());
        while !part.is_full() {
            if let Err(problem) = self.attempt(url, part, size, watch) {
                retries.after(problem.at(part.length()), part.length(), watch)?;
            }
        }
        Ok(())
    }

    fn attempt(&self, url: &Url, part: &mut Part, size: u64, watch: &dyn Watch) -> Result<(), Problem> {
        let rest = rest_of(part)?;
        let resumed = !rest.is_empty();
        let mut answer = self.exchange.get(url, rest, &self.patience, watch)?;
        match answer.status {
            200 => {
                check_length(&answer, size)?;
                part.restart(validator(&answer).as_deref())?;
            }
            206 if resumed => {
                if let Err(problem) = check_range(&answer, part, size) {
                    part.restart(None)?;
                    return Err(problem);
                }
            }
            416 if resumed => {
                part.restart(None)?;
                return Err(Problem::Answer("it has no such range".to_owned()));
            }
            status => return Err(Problem::Status { status, retry_after: answer.retry_after() }),
        }
        seam::cross("write a download");
        watch.progress(part.length(), size);
        let mut window = (Stopwatch::start(), part.length());
        while let Some(bytes) = answer.next(watch)? {
            if let Err(problem) = part.append(&bytes) {
                // Endless data is of no use later; a full disk is another matter.
                if matches!(problem, Problem::Size { .. }) {
                    part.restart(None)?;
                }
                return Err(problem);
            }
            watch.progress(part.length(), size);
            // A server that drips never stalls, and would hold the run up for ever.
            if window.0.elapsed() > self.patience.document && !part.is_full() {
                let bytes = part.length().saturating_sub(window.1);
                if bytes < self.patience.least {
                    return Err(Problem::Trickle { bytes, within: self.patience.document });
                }
                window = (Stopwatch::start(), part.length());
            }
        }
        if part.is_full() { Ok(()) } else { Err(Problem::Interrupted { done: part.length(), source: None }) }
    }
}

fn copy(
    mut content: impl Read,
    source: &Path,
    found: u64,
    part: &mut Part,
    size: u64,
    watch: &dyn Watch,
) -> Result<(), Problem> {
    if part.is_full() {
        return Ok(());
    }
    if found != size {
        return Err(Problem::Size { expected: size, found, content_type: None });
    }
    part.restart(None)?;
    seam::cross("copy into the downloads");
    let mut chunk = vec![0; 256 * 1024];
    while !part.is_full() {
        if watch.cancelled() {
            return Err(Problem::Cancelled);
        }
        let count = content.read(&mut chunk).map_err(PathError::on("read", source))?;
        if count == 0 {
            return Err(Problem::Size { expected: size, found: part.length(), content_type: None });
        }
        part.append(chunk.get(..count).unwrap_or_default())?;
        watch.progress(part.length(), size);
    }
    Ok(())
}

/// What to ask for: all, or the rest of what is there, if it is still of the same version.
fn rest_of(part: &Part) -> Result<HeaderMap, Problem> {
    let mut headers = HeaderMap::new();
    if let Some(validator) = part.validator() {
        let text = |value: &str| HeaderValue::from_str(value).map_err(|error| Problem::Answer(error.to_string()));
        headers.insert(RANGE, text(&format!("bytes={}-", part.length()))?);
        headers.insert(IF_RANGE, text(validator)?);
    }
    Ok(headers)
}

/// The name of a version that a range may be asked of: not a weak one (RFC 9110, section 13.1.5).
fn validator(answer: &Answer) -> Option<String> {
    let strong = answer.header(ETAG).filter(|tag| tag.starts_with('"'));
    strong.or_else(|| answer.header(LAST_MODIFIED)).map(str::to_owned)
}

fn check_length(answer: &Answer, size: u64) -> Result<(), Problem> {
    match answer.header(CONTENT_LENGTH).and_then(|length| length.parse().ok()) {
        Some(found) if found != size => {
            let content_type = answer.header(CONTENT_TYPE).map(str::to_owned);
            Err(Problem::Size { expected: size, found, content_type })
        }
        _ => Ok(()),
    }
}

/// Whether it is the rest of what is there, of the same version and the same length.
fn check_range(answer: &Answer, part: &Part, size: u64) -> Result<(), Problem> {
    let range = answer.header(CONTENT_RANGE).unwrap_or_default();
    if parse_range(range) != Some((part.length(), size)) {
        let asked = part.length();
        return Err(Problem::Answer(format!("asked for the bytes of {size} from {asked}, it sent `{range}`")));
    }
    let tag = answer.header(ETAG).filter(|_| part.validator().is_some_and(|known| known.starts_with('"')));
    if tag.is_some() && tag != part.validator() {
        return Err(Problem::Answer("it sent a range of another version".to_owned()));
    }
    Ok(())
}

/// The first byte and the whole length of `bytes 100-199/1000`.
pub(crate) fn parse_range(text: &str) -> Option<(u64, u64)> {
    let (range, whole) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last, whole): (u64, u64, u64) = (first.parse().ok()?, last.parse().ok()?, whole.parse().ok()?);
    (first <= last && last < whole).then_some((first, whole))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::parse_range;

    #[test]
    fn a_range_says_where_it_begins_and_how_long_the_whole_is() {
        assert_eq!(parse_range("bytes 100-999/1000"), Some((100, 1000)));
    }

    #[test]
    fn a_range_that_contradicts_itself_is_none() {
        for text in ["", "bytes */1000", "bytes 0-9/*", "bytes 9-1/1000", "bytes 0-1000/1000", "bytes -1/2", "0-1/2"] {
            assert_eq!(parse_range(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_range_parser_panic(text in "\\PC*", first: u64, last: u64, whole: u64) {
            parse_range(&text);
            let parsed = parse_range(&format!("bytes {first}-{last}/{whole}"));
            prop_assert_eq!(parsed.is_some(), first <= last && last < whole);
        }
    }
}
