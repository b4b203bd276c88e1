//! What servers, services, files and the kernel say.

use super::text;
use crate::db::follow::index::{self, Index};
use crate::db::follow::log::{self, Chain};
use crate::db::header::{self, Kind};
use crate::sys::http::{self, download, without_secrets};
use crate::sys::service::Unit;
use crate::sys::{health, mount, process};

/// A document's address, and on the next line one that it names.
pub(super) fn address(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let (base, reference) = text.split_once('\n').unwrap_or((text, "g-1.0.0.tar.gz"));
    let _ = without_secrets(text);
    if let Ok(joined) = http::join(base, reference) {
        let scheme = base.split(':').next().unwrap_or_default().to_ascii_lowercase();
        assert!(!(scheme == "https" && joined.starts_with("http:")), "{base} {reference} {joined}");
        assert!(
            !(matches!(&scheme[..], "http" | "https") && joined.starts_with("file:")),
            "{base} {reference} {joined}"
        );
        if let Ok(shown) = reqwest::Url::parse(&without_secrets(&joined)) {
            assert!(shown.username().is_empty() && shown.password().is_none(), "{joined}");
        }
    }
}

pub(super) fn http(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Some((first, whole)) = download::parse_range(text) {
        assert!(first < whole, "{text}");
    }
}

pub(super) fn health(bytes: &[u8]) {
    let version = super::version("1.5.0");
    if let Some(answered) = health::version_of(bytes) {
        assert_eq!(health::is_version(&answered, &version), matches!(&answered[..], "1.5.0" | "v1.5.0"));
    }
    if let Some(said) = text(bytes) {
        assert!(!crate::steps::fetch::says_version(said, &version) || said.contains("1.5.0"));
    }
}

pub(super) fn proc(bytes: &[u8]) {
    let _ = mount::mount(bytes);
    let line = String::from_utf8_lossy(bytes);
    let _ = process::inspect::Stat::parse(&line);
    let _ = process::inspect::is_within(&line, "/system.slice/g.service");
    if let Ok(unit) = Unit::parse("g.service", &line) {
        let _ = (unit.has_died(), unit.progress(), unit.ending(), unit.triggers(), unit.control_group());
    }
}

pub(super) fn database_header(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first_chunk::<100>() else { return };
    if let Kind::Database { page_size, .. } = header::read(first, 100 + rest.len() as u64) {
        assert!(page_size.is_power_of_two() && (512..=65536).contains(&page_size));
    }
}

/// The beginning of an index, then a write-ahead log.
pub(super) fn log(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first_chunk::<{ index::LENGTH }>() else { return };
    if let Some(index) = Index::parse(first) {
        assert!(index.page_size == 0 || (512..=65536).contains(&index.page_size));
    }
    let Some((header, frames)) = rest.split_first_chunk::<{ log::HEADER }>() else { return };
    let Some(mut chain) = Chain::begin(header) else { return };
    for bytes in frames.chunks(log::FRAME_HEADER + chain.page_size() as usize) {
        let before = chain;
        match chain.take(bytes) {
            Some(frame) => assert!(frame.page > 0 && bytes.len() == log::FRAME_HEADER + chain.page_size() as usize),
            None => return assert!(chain == before),
        }
    }
}
