//! Archives that nobody should publish.

use proptest::prelude::*;

use crate::verify::samples::{Tar, fault_of, gz, header, unpack_in};
use crate::verify::{Fault, Limits};

/// Why a release with one more name is not unpacked.
fn reason_against(name: &str) -> &'static str {
    reason(Tar::release().file(name, b"evil"))
}

fn reason(archive: Tar) -> &'static str {
    match fault_of(&archive.gz()) {
        Fault::Name { reason, .. } | Fault::Link { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

fn with_limits(change: impl FnOnce(&mut Limits), archive: Tar) -> Fault {
    let mut limits = Limits::default();
    change(&mut limits);
    unpack_in(tempfile::tempdir().unwrap().path(), &archive.gz(), &limits).unwrap_err()
}

fn long(name: &str, kind: u8) -> Tar {
    Tar::release().entry(kind, "././@LongLink", 0o644, name.as_bytes())
}

#[test]
fn a_name_that_leads_outside_is_refused() {
    for name in ["g-1/../../evil", "../evil", "g-1/bin/..", ".."] {
        assert_eq!(reason_against(name), "it leads outside", "{name}");
    }
}

#[test]
fn an_absolute_name_is_refused() {
    assert_eq!(reason_against("/etc/evil"), "it is absolute");
}

#[test]
fn a_name_that_leads_outside_by_way_of_a_long_name_is_refused() {
    assert_eq!(reason(long("g-1/../../evil\0", b'L').file("g-1/x", b"")), "it leads outside");
    assert_eq!(reason(Tar::release().extended("path", "/etc/evil").file("g-1/x", b"")), "it is absolute");
}

#[test]
fn an_empty_name_is_refused() {
    for name in ["", ".", "./"] {
        assert_eq!(reason(Tar::release().directory(name)), "it names nothing");
    }
}

#[test]
fn a_name_with_a_zero_or_control_character_is_refused() {
    assert_eq!(reason(long("g-1/a\0b\0", b'L').file("g-1/x", b"")), "it has control characters");
    assert_eq!(reason_against("g-1/\x1b[2J"), "it has control characters");
}

#[test]
fn a_name_that_is_not_utf_8_is_refused() {
    assert_eq!(reason(Tar::release().raw(header(b'0', b"g-1/\xff", 0o644, 0), b"")), "it is not UTF-8");
}

#[test]
fn a_name_that_comes_twice_is_refused() {
    assert_eq!(reason_against("g-1/bin/g"), "it comes twice");
    assert_eq!(reason_against("./g-1//bin/./g"), "it comes twice");
    assert_eq!(reason(Tar::release().directory("g-1/bin")), "it comes twice");
    assert_eq!(reason(Tar::release().link("g-1/bin/g", "g-1")), "it comes twice");
}

#[test]
fn a_second_directory_at_the_top_is_refused() {
    assert_eq!(reason_against("g-2/x"), "there is more than one directory at the top");
    assert_eq!(reason(Tar::default().file("g", b"")), "it is not in a directory at the top");
}

#[test]
fn nothing_is_written_below_a_symlink_or_a_file() {
    assert_eq!(reason(Tar::release().link("g-1/l", "bin").file("g-1/l/x", b"")), "it lies below a symlink");
    assert_eq!(reason_against("g-1/bin/g/x"), "it lies below a file");
}

#[test]
fn a_symlink_that_leads_outside_is_refused() {
    for target in ["..", "../staged", "bin/../../..", "bin/../../staged/bin"] {
        assert_eq!(reason(Tar::release().link("g-1/l", target)), "it leads outside", "{target}");
    }
    assert_eq!(reason(Tar::release().link("g-1/l", "/etc/passwd")), "it is not a relative path");
    assert_eq!(reason(Tar::release().link("g-1/l", "")), "it is not a relative path");
}

#[test]
fn a_symlink_that_leads_outside_only_through_another_is_refused() {
    let archive = Tar::release().directory("g-1/a/b/c").link("g-1/a/b/c/up", "../..").link("g-1/l", "a/b/c/up/../..");
    assert_eq!(reason(archive), "it leads outside");
}

#[test]
fn a_symlink_that_leads_to_nothing_is_refused() {
    assert_eq!(reason(Tar::release().link("g-1/l", "nothing")), "it leads to nothing");
    assert_eq!(reason(Tar::release().link("g-1/l", "bin/g/..")), "it leads below a file");
    assert_eq!(reason(Tar::release().link("g-1/l", "m").link("g-1/m", "l")), "it leads in a circle");
}

#[test]
fn only_files_directories_and_symlinks_are_taken() {
    for kind in [b'1', b'3', b'4', b'6', b'7', b'g', b'S', b'D', b'M', b'V', b'N', b'A', 0xff] {
        let fault = fault_of(&Tar::release().entry(kind, "g-1/evil", 0o644, b"").gz());
        assert!(matches!(fault, Fault::Kind { .. }), "{kind}: {fault:?}");
    }
    for archive in [
        Tar::release().entry(b'5', "g-1/d", 0o755, b"content"),
        Tar::release().entry(b'2', "g-1/l", 0o777, b"content"),
        Tar::release().file("g-1/d/", b"content"),
    ] {
        assert!(matches!(fault_of(&archive.gz()), Fault::Kind { .. }));
    }
}

#[test]
fn an_extended_header_carries_names_and_nothing_else() {
    for key in ["size", "GNU.sparse.major", "SCHILY.xattr.security.capability"] {
        let fault = fault_of(&Tar::release().extended(key, "1").file("g-1/x", b"").gz());
        assert!(matches!(fault, Fault::Extension(ref found) if found == key), "{fault:?}");
    }
    for record in [&b"9999 path=x\n"[..], b"path=x\n", b"0 path=x\n", b"8 path=x", b"7 pathx\n", b"-1 a=b\n"] {
        let fault = fault_of(&Tar::release().entry(b'x', "x", 0o644, record).file("g-1/x", b"").gz());
        assert!(matches!(fault, Fault::Header(_)), "{fault:?}");
    }
}

#[test]
fn an_entry_with_two_names_is_refused() {
    let archive = long("g-1/a\0", b'L').extended("path", "g-1/b").file("g-1/x", b"");
    assert!(matches!(fault_of(&archive.gz()), Fault::Header("it has two names")));
}

#[test]
fn special_bits_are_refused() {
    for mode in [0o4755, 0o2755, 0o1777] {
        let fault = fault_of(&Tar::release().entry(b'0', "g-1/evil", mode, b"").gz());
        assert!(matches!(fault, Fault::Mode { mode: found, .. } if found == mode));
    }
}

#[test]
fn what_is_beyond_the_limits_is_refused() {
    let release = Tar::release;
    let deep = format!("g-1/{}", "d/".repeat(40));
    let wide = format!("g-1/{}", "x".repeat(2000));
    assert_eq!(reason(release().directory(&deep)), "it is too deep");
    assert_eq!(reason(long(&wide, b'L').file("g-1/x", b"")), "it is too long");
    assert_eq!(reason(long(&wide[..300], b'L').file("g-1/x", b"")), "a part of it is too long");
    let huge = release().entry(b'L', "././@LongLink", 0o644, &[b'x'; 70_000]);
    for fault in [
        with_limits(|limits| limits.entries = 4, release()),
        with_limits(|limits| limits.entries = 8, release().directory("g-1/a/b/c/d/e/f/g/h")),
        with_limits(|limits| limits.links = 1, release().link("g-1/l", "bin").link("g-1/m", "bin")),
        with_limits(|limits| limits.file_bytes = 10, release()),
        with_limits(|limits| limits.total_bytes = 20, release()),
        with_limits(
            |limits| (limits.ratio, limits.ratio_from) = (50, 100_000),
            release().file("g-1/bomb", &[0; 1_000_000]),
        ),
        with_limits(|_| (), huge),
    ] {
        assert!(matches!(fault, Fault::Limit { .. }), "{fault:?}");
    }
}

#[test]
fn a_file_that_says_it_is_endless_is_refused_before_it_is_written() {
    let endless = Tar::release().raw(header(b'0', b"g-1/x", 0o644, u64::MAX / 2), b"");
    assert!(matches!(fault_of(&endless.gz()), Fault::Limit { .. }));
    let mut nonsense = header(b'0', b"g-1/x", 0o644, 0);
    nonsense.as_old_mut().size = *b"no number!!!";
    assert!(matches!(fault_of(&Tar::release().raw(nonsense, b"").gz()), Fault::Header(_)));
}

#[test]
fn a_header_whose_checksum_is_wrong_is_refused() {
    let mut archive = Tar::release();
    archive.0[0] ^= 1;
    assert!(matches!(fault_of(&archive.gz()), Fault::Header("its checksum is wrong")));
}

#[test]
fn a_truncated_archive_is_refused() {
    let whole = Tar::release().gz();
    for length in 0..whole.len() {
        assert!(matches!(fault_of(&whole[..length]), Fault::Damaged(_)), "{length}");
    }
}

#[test]
fn an_archive_without_the_mark_of_its_end_is_refused() {
    let tar = Tar::release().0;
    for length in (0..=tar.len()).step_by(256) {
        assert!(matches!(fault_of(&gz(&tar[..length])), Fault::Truncated), "{length}");
    }
    assert!(matches!(fault_of(&gz(&[&tar[..], &[0; 512]].concat())), Fault::Truncated));
}

#[test]
fn what_follows_the_end_is_refused() {
    let (release, end) = (Tar::release().0, [0; 1024]);
    let hidden = Tar::release().file("g-1/hidden", b"").0;
    assert!(matches!(fault_of(&gz(&[&release[..], &end[..512], &hidden].concat())), Fault::Trailing));
    let one_block = Tar::default().file("g-1/hidden", b"").0;
    assert!(matches!(fault_of(&gz(&[&release[..], &end[..512], &one_block, &end].concat())), Fault::Trailing));
    assert!(matches!(fault_of(&gz(&[&release[..], &end, &hidden].concat())), Fault::Trailing));
    assert!(matches!(fault_of(&[&Tar::release().gz()[..], b"x"].concat()), Fault::Trailing));
    assert!(matches!(fault_of(&[Tar::release().gz(), Tar::release().gz()].concat()), Fault::Trailing));
    assert!(matches!(fault_of(&gz(&[&release[..], &[0; 2 << 20]].concat())), Fault::Trailing));
}

#[test]
fn the_checksum_and_the_length_at_the_end_are_compared() {
    let whole = Tar::release().gz();
    for from_end in 1..=8 {
        let mut damaged = whole.clone();
        damaged[whole.len() - from_end] ^= 0x10;
        assert!(matches!(fault_of(&damaged), Fault::Damaged(_)), "{from_end}");
    }
}

#[test]
fn what_is_no_archive_is_refused() {
    assert!(matches!(fault_of(b""), Fault::Damaged(_)));
    assert!(matches!(fault_of(b"<html>not found</html>"), Fault::Damaged(_)));
    assert!(matches!(fault_of(&gz(&[b'x'; 4096])), Fault::Header(_)));
}

proptest! {
    // `unpack_in` looks at what lies beside: nothing is ever written outside.
    #[test]
    fn bytes_that_are_not_an_archive_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        fault_of(&bytes);
        fault_of(&gz(&bytes));
    }

    #[test]
    fn a_damaged_archive_does_no_harm(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        checksums in prop::bool::weighted(0.8),
    ) {
        let archive = Tar::release().link("g-1/l", "bin").extended("path", "g-1/long").file("g-1/x", b"x");
        let mut bytes = archive.0;
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if checksums {
            bytes = bytes.chunks(512).flat_map(with_checksum).collect();
        }
        bytes.extend([0; 1024]);
        let place = tempfile::tempdir().unwrap();
        let _ = unpack_in(place.path(), &gz(&bytes), &Limits { file_bytes: 1 << 20, ..Limits::default() });
    }

    #[test]
    fn no_name_and_no_target_leads_outside(
        name in "(g-1/)?([a./\\\\]{0,3}/){0,4}[a.b]{0,3}",
        target in "([a./]{0,3}/){0,4}[a.b]{0,3}",
    ) {
        let place = tempfile::tempdir().unwrap();
        let _ = unpack_in(place.path(), &Tar::release().file(&name, b"evil").gz(), &Limits::default());
        let place = tempfile::tempdir().unwrap();
        let archive = Tar::release().directory("g-1/a/a/a").link("g-1/a/b", "..").link("g-1/l", &target);
        if unpack_in(place.path(), &archive.gz(), &Limits::default()).is_ok() {
            let staged = crate::sys::fs::real_path(&place.path().join("staged")).unwrap();
            prop_assert!(crate::sys::fs::real_path(&staged.join("l")).unwrap().starts_with(&staged));
        }
    }
}

/// A block as if it were a header, its checksum set right.
fn with_checksum(block: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_old();
    header.as_mut_bytes()[..block.len()].copy_from_slice(block);
    header.set_cksum();
    header.as_bytes().to_vec()
}
