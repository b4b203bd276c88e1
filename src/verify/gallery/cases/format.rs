//! Headers, sizes, ends and compression of archives.

use super::super::Case;
use super::super::Gets::{self, Refused, Taken};
use super::super::forged::{many, whole, with_checksum, with_gzip_header, with_mode, with_size};
use super::{PROGRAM, SQL, case, file, pax};
use crate::verify::Limits;
use crate::verify::samples::{Tar, gz};

pub(super) fn all() -> Vec<Case> {
    [headers(), sizes(), ends(), compressed()].into_iter().flatten().collect()
}

fn limited(name: &'static str, file: Vec<u8>, change: impl FnOnce(&mut Limits), gets: Gets) -> Case {
    let mut limits = Limits::default();
    change(&mut limits);
    Case { name, file, limits, gets }
}

fn headers() -> Vec<Case> {
    let twice = Tar::release().entry(b'L', "././@LongLink", 0o644, b"g-1/a\0");
    let broken = |record: &[u8]| Tar::release().entry(b'x', "extended", 0o644, record).file("g-1/x", b"");
    let xattr = "SCHILY.xattr.security.capability";
    let huge = Tar::release().entry(b'L', "././@LongLink", 0o644, &[b'x'; 70_000]);
    vec![
        case(
            "GNU's long name twice",
            twice.clone().entry(b'L', "././@LongLink", 0o644, b"g-1/b\0").file("g-1/x", b""),
            Refused("it has two names"),
        ),
        case(
            "a long name of GNU's and one of PAX",
            twice.extended("path", "g-1/b").file("g-1/x", b""),
            Refused("it has two names"),
        ),
        case("a PAX header that says another size", pax("size", "1000000"), Refused("the key `size`")),
        case("a sparse file as PAX writes it", pax("GNU.sparse.major", "1"), Refused("the key `GNU.sparse.major`")),
        case(
            "another name for a sparse file",
            pax("GNU.sparse.name", "/etc/evil"),
            Refused("the key `GNU.sparse.name`"),
        ),
        case("capabilities in a PAX header", pax(xattr, "1"), Refused("the key `SCHILY.xattr.security.capability`")),
        case(
            "a PAX header for all entries",
            Tar::release().entry(b'g', "g", 0o644, b"16 path=/etc/x\n\n"),
            Refused("a header for all entries"),
        ),
        case(
            "a PAX record longer than its header",
            broken(b"99 path=g-1/a\n"),
            Refused("its extended header cannot be read"),
        ),
        case("a PAX record without a length", broken(b"path=g-1/a\n"), Refused("its extended header cannot be read")),
        case("an owner and a time in a PAX header", pax("uid", "0"), Taken(&[PROGRAM, SQL, "x"])),
        case("a name too long to be kept", huge, Refused("bytes of an entry's extended header")),
        case(
            "a long name of nothing",
            Tar::release().entry(b'L', "././@LongLink", 0o644, b"g-1/a\0"),
            Refused("it ends before its end"),
        ),
        file("a wrong checksum", with_checksum(*b"000000\0 "), Refused("its checksum is wrong")),
        file("a checksum that is no number", with_checksum(*b"checksum"), Refused("its checksum is no number")),
        case(
            "a mode that is no number",
            Tar::release().raw(with_mode(*b"rwxrwxrw"), b""),
            Refused("its mode is no number"),
        ),
    ]
}

fn sizes() -> Vec<Case> {
    let raw = |field: [u8; 12], content: &[u8]| Tar::release().raw(with_size(field), content);
    let zeros = Tar::release().file("g-1/bomb", &vec![0; 1_000_000]).gz();
    vec![
        case("a size that is no number", raw(*b"no number!!!", b""), Refused("its size is no number")),
        case("a size below zero", raw([0xff; 12], b""), Refused("bytes in one file")),
        case(
            "a size of three in base 256",
            raw([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3], b"abc"),
            Taken(&[PROGRAM, SQL, "x"]),
        ),
        case(
            "a size of all the world in base 256",
            raw([0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], b""),
            Refused("bytes in one file"),
        ),
        case("a size larger than the archive", raw(*b"00000010000\0", b"abc"), Refused("it ends before its end")),
        case(
            "a size smaller than the content",
            raw(*b"00000000003\0", &[b'x'; 1024]),
            Refused("its checksum is no number"),
        ),
        limited(
            "a bomb",
            zeros,
            |limits| (limits.ratio, limits.ratio_from) = (50, 100_000),
            Refused("bytes out of one byte"),
        ),
        limited("files without end", many(300), |limits| limits.entries = 100, Refused("more than 100 entries")),
        limited(
            "one file too large",
            Tar::release().gz(),
            |limits| limits.file_bytes = 10,
            Refused("more than 10 bytes in one file"),
        ),
        limited(
            "all files too large",
            Tar::release().gz(),
            |limits| limits.total_bytes = 20,
            Refused("more than 20 bytes in all files"),
        ),
        limited(
            "too many symlinks",
            Tar::release().link("g-1/l", "bin").link("g-1/m", "bin").gz(),
            |limits| limits.links = 1,
            Refused("more than 1 symlinks"),
        ),
    ]
}

fn ends() -> Vec<Case> {
    let (release, end) = (Tar::release().0, [0; 1024]);
    let hidden = Tar::default().file("g-1/hidden", b"").0;
    vec![
        file("no end", gz(&release), Refused("it ends before its end")),
        file("half an end", gz(&[&release[..], &end[..512]].concat()), Refused("it ends before its end")),
        file("cut off in a header", gz(&release[..700]), Refused("it ends before its end")),
        file(
            "an entry behind half an end",
            whole([&release[..], &end[..512], &hidden].concat()),
            Refused("something follows its end"),
        ),
        file(
            "an archive behind the end",
            whole([&release[..], &end, &hidden].concat()),
            Refused("something follows its end"),
        ),
        file(
            "two mebibytes of zeros behind the end",
            gz(&[&release[..], &vec![0; 2 << 20]].concat()),
            Refused("something follows its end"),
        ),
        file("nothing but an end", gz(&end), Taken(&[])),
        file("no block at all", gz(b""), Refused("it ends before its end")),
    ]
}

fn compressed() -> Vec<Case> {
    let plain = Tar::release().gz();
    let damaged = |from_end: usize| {
        let mut damaged = plain.clone();
        let at = damaged.len() - from_end;
        damaged[at] ^= 0x10;
        damaged
    };
    let refused = "no gzip file, or a damaged one";
    vec![
        file("an empty file", Vec::new(), Refused(refused)),
        file("a page of a server", b"<html>not found</html>".to_vec(), Refused(refused)),
        file("a download that broke off", plain[..plain.len() / 2].to_vec(), Refused(refused)),
        file("a wrong checksum of the whole", damaged(8), Refused(refused)),
        file("a wrong length of the whole", damaged(4), Refused(refused)),
        file("a second gzip member", [&plain[..], &plain].concat(), Refused("something follows its end")),
        file("bytes behind the gzip member", [&plain[..], b"x"].concat(), Refused("something follows its end")),
        file(
            "a gzip file with a name, a comment and an extra field",
            with_gzip_header(0x1c, b"\x02\0abname\0comment\0"),
            Taken(&[PROGRAM, SQL]),
        ),
        file("a gzip header whose checksum is wrong", with_gzip_header(0x02, b"\0\0"), Refused(refused)),
        file("a gzip header that ends early", with_gzip_header(0x04, b"\xff\xff"), Refused(refused)),
    ]
}
