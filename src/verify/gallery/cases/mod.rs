//! The archives: names, links and kinds of entries. How they are written is in `format`.

mod format;

use super::Case;
use super::Gets::{self, Refused, Taken};
use super::forged::in_two_parts;
use crate::verify::Limits;
use crate::verify::samples::{Tar, header};

const PROGRAM: &str = "bin/g";
const SQL: &str = "migrations/1_a.up.sql";

pub(super) fn all() -> Vec<Case> {
    [names(), links(), kinds(), format::all()].into_iter().flatten().collect()
}

fn case(name: &'static str, tar: Tar, gets: Gets) -> Case {
    file(name, tar.gz(), gets)
}

fn file(name: &'static str, file: Vec<u8>, gets: Gets) -> Case {
    Case { name, file, limits: Limits::default(), gets }
}

fn evil(name: &str) -> Tar {
    Tar::release().file(name, b"evil")
}

fn long(name: &str) -> Tar {
    Tar::release().entry(b'L', "././@LongLink", 0o644, name.as_bytes()).file("g-1/x", b"")
}

fn pax(key: &str, value: &str) -> Tar {
    Tar::release().extended(key, value).file("g-1/x", b"abc")
}

fn names() -> Vec<Case> {
    let deep = format!("g-1/{}", "d/".repeat(40));
    let wide = format!("g-1/{}", "x/".repeat(600) + "x");
    let part = format!("g-1/{}", "x".repeat(300));
    let not_utf8 = Tar::release().raw(header(b'0', b"g-1/\xff", 0o644, 0), b"");
    vec![
        case("a name with `..` in its middle", evil("g-1/../../evil"), Refused("it leads outside")),
        case("a name that begins with `..`", evil("../evil"), Refused("it leads outside")),
        case("a name that ends with `..`", evil("g-1/bin/.."), Refused("it leads outside")),
        case("an absolute name", evil("/etc/evil"), Refused("it is absolute")),
        case("`..` in GNU's long name", long("g-1/../../evil\0"), Refused("it leads outside")),
        case("an absolute name in a PAX header", pax("path", "/etc/evil"), Refused("it is absolute")),
        case(
            "`..` in the prefix of a ustar header",
            Tar::release().raw(in_two_parts("g-1/..", "evil"), b""),
            Refused("it leads outside"),
        ),
        case("an empty name", Tar::release().directory(""), Refused("it names nothing")),
        case("a name of dots alone", Tar::release().directory("./."), Refused("it names nothing")),
        case("a name that is not UTF-8", not_utf8, Refused("it is not UTF-8")),
        case("a zero byte in a name", long("g-1/a\0b\0"), Refused("it has control characters")),
        case("a newline in a name", evil("g-1/a\nb"), Refused("it has control characters")),
        case("a terminal's escape in a name", evil("g-1/\x1b[2J"), Refused("it has control characters")),
        case("one name twice", evil("g-1/bin/g"), Refused("it comes twice")),
        case("one name in two spellings", evil("./g-1//bin/./g"), Refused("it comes twice")),
        case("a file where a directory is", evil("g-1/bin"), Refused("it comes twice")),
        case("a directory where a file is", Tar::release().directory("g-1/bin/g"), Refused("it comes twice")),
        case("a file below a file", evil("g-1/bin/g/x"), Refused("it lies below a file")),
        case("two names that differ in case", evil("g-1/bin/G"), Taken(&["bin/G", PROGRAM, SQL])),
        case(
            "two names that Unicode takes for one",
            evil("g-1/\u{e9}").file("g-1/e\u{301}", b""),
            Taken(&[PROGRAM, "e\u{301}", SQL, "\u{e9}"]),
        ),
        case("`..` with backslashes", evil("g-1/..\\..\\evil"), Taken(&["..\\..\\evil", PROGRAM, SQL])),
        case("a very deep name", Tar::release().directory(&deep), Refused("it is too deep")),
        case("a very long name", long(&wide), Refused("it is too long")),
        case("a name with a very long part", long(&part), Refused("a part of it is too long")),
        case("two directories at the top", evil("g-2/x"), Refused("there is more than one directory at the top")),
        case("a file at the top", Tar::default().file("g", b""), Refused("it is not in a directory at the top")),
    ]
}

fn links() -> Vec<Case> {
    let release = Tar::release;
    let chain = release().directory("g-1/a/b/c").link("g-1/a/b/c/up", "../..").link("g-1/l", "a/b/c/up/../..");
    let by_pax = release().extended("linkpath", "../../evil").link("g-1/l", "bin");
    vec![
        case("a symlink that leads outside", release().link("g-1/l", "../staged"), Refused("it leads outside")),
        case("an absolute symlink", release().link("g-1/l", "/etc/passwd"), Refused("it is not a relative path")),
        case("a symlink that leads outside by a PAX header", by_pax, Refused("it leads outside")),
        case("a symlink that leads outside through another", chain, Refused("it leads outside")),
        case(
            "a file written through a symlink",
            release().link("g-1/l", "bin").file("g-1/l/x", b""),
            Refused("it lies below a symlink"),
        ),
        case(
            "a file in the place of a symlink",
            release().link("g-1/l", "bin/g").file("g-1/l", b"evil"),
            Refused("it comes twice"),
        ),
        case("a symlink in the place of a file", release().link("g-1/bin/g", "g-1"), Refused("it comes twice")),
        case(
            "two symlinks in a circle",
            release().link("g-1/l", "m").link("g-1/m", "l"),
            Refused("it leads in a circle"),
        ),
        case("a symlink that leads to nothing", release().link("g-1/l", "nothing"), Refused("it leads to nothing")),
        case("a symlink to its own directory", release().link("g-1/l", "."), Taken(&[PROGRAM, "l", SQL])),
        case("a symlink inside", release().link("g-1/l", "bin/../bin/g"), Taken(&[PROGRAM, "l", SQL])),
        case("a hard link to a file of the archive", linked("g-1/bin/g"), Refused("a hard link")),
        case("a hard link to a file of the machine", linked("/etc/passwd"), Refused("a hard link")),
    ]
}

fn linked(target: &str) -> Tar {
    let mut made = header(b'1', b"g-1/h", 0o644, 0);
    made.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
    Tar::release().raw(made, b"")
}

fn kinds() -> Vec<Case> {
    let of = |kind: u8| Tar::release().entry(kind, "g-1/evil", 0o644, b"");
    let mode = |mode: u32| Tar::release().entry(b'0', "g-1/x", mode, b"");
    vec![
        case("a character device", of(b'3'), Refused("a character device")),
        case("a block device", of(b'4'), Refused("a block device")),
        case("a pipe", of(b'6'), Refused("a pipe")),
        case("a contiguous file", of(b'7'), Refused("of the kind `7`")),
        case("a kind that nobody knows", of(b'Z'), Refused("of the kind `Z`")),
        case("a sparse file as GNU writes it", of(b'S'), Refused("a sparse file")),
        case(
            "a directory with a content",
            Tar::release().entry(b'5', "g-1/d", 0o755, b"x"),
            Refused("a directory with a content"),
        ),
        case(
            "a symlink with a content",
            Tar::release().entry(b'2', "g-1/l", 0o777, b"x"),
            Refused("a symlink with a content"),
        ),
        case("a file called a directory", evil("g-1/d/"), Refused("a file called a directory")),
        case("a set-user-id program", mode(0o4755), Refused("has the mode 4755")),
        case("a set-group-id program", mode(0o2755), Refused("has the mode 2755")),
        case("a file with the sticky bit", mode(0o1644), Refused("has the mode 1644")),
        case("a file that everybody may write", mode(0o666), Taken(&[PROGRAM, SQL, "x"])),
        case("a file that nobody may read", mode(0), Taken(&[PROGRAM, SQL, "x"])),
    ]
}
