//! Only calls that may change something stop a traced process; the kernel lets all others pass by itself (seccomp(2)).
//! Tens of thousands of stops for reads would take most of the proof's time.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use nix::libc::{self, c_long, sock_filter, sock_fprog};
use nix::sys::prctl::set_no_new_privs;
use nix::sys::signal::{Signal, raise};

use super::calls::{HARMLESS, OPENS, WRITING};

/// `held PROGRAM ARGUMENT…`: stops itself, to be seized, and becomes the program under the filter.
pub fn held(words: &[OsString]) -> ExitCode {
    let [program, arguments @ ..] = words else { return ExitCode::from(2) };
    raise(Signal::SIGSTOP).unwrap();
    // Only root may have a filter otherwise; nothing here gains rights by becoming another program.
    if !rustix::process::geteuid().is_root() {
        set_no_new_privs().unwrap();
    }
    install(&program_of_the_filter());
    let error = Command::new(program).args(arguments).exec();
    panic!("cannot run {program:?}: {error}");
}

#[allow(unsafe_code, reason = "no crate here wraps the call")]
fn install(filter: &[sock_filter]) {
    let program = sock_fprog { len: filter.len().try_into().unwrap(), filter: filter.as_ptr().cast_mut() };
    // SAFETY: the kernel copies so many instructions, and writes none of them.
    let done = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    assert_eq!(done, 0, "no filter: {}", std::io::Error::last_os_error());
}

/// `AUDIT_ARCH_X86_64` of linux/audit.h: other tables of calls have other numbers.
const X86_64: u32 = 0xc000_003e;
/// Where `struct seccomp_data` has the number, the architecture, and the lower half of an argument.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const fn argument(number: u32) -> u32 {
    16 + 8 * number
}

/// Passes what [`super::calls::effect`] finds harmless by the number alone, opens that only read, and maps that are not
/// shared or not written to. Everything else stops.
fn program_of_the_filter() -> Vec<sock_filter> {
    let load = |at| instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, at, 0, 0);
    let answer = |word| instruction(libc::BPF_RET | libc::BPF_K, word, 0, 0);
    let equal = |value, yes, no| instruction(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, value, yes, no);
    let any_bit = |bits, yes, no| instruction(libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K, bits, yes, no);
    let (stops, passes) = (answer(libc::SECCOMP_RET_TRACE), answer(libc::SECCOMP_RET_ALLOW));
    let bits = |flag: libc::c_int| flag.unsigned_abs();

    let mut filter = vec![load(ARCHITECTURE), equal(X86_64, 1, 0), stops, load(NUMBER)];
    for (open, _, _) in OPENS {
        let flags = argument(if *open == libc::SYS_open { 1 } else { 2 });
        filter.extend([equal(word(*open), 0, 4), load(flags), any_bit(bits(WRITING), 0, 1), stops, passes]);
    }
    filter.extend([equal(word(libc::SYS_mmap), 0, 6), load(argument(2)), any_bit(bits(libc::PROT_WRITE), 0, 2)]);
    filter.extend([load(argument(3)), any_bit(bits(libc::MAP_SHARED), 1, 0), passes, stops]);
    let left = |after: usize| u8::try_from(HARMLESS.len() - after).unwrap();
    filter.extend(HARMLESS.iter().enumerate().map(|(at, call)| equal(word(*call), left(at), 0)));
    filter.extend([stops, passes]);
    filter
}

fn word(call: c_long) -> u32 {
    call.try_into().unwrap()
}

fn instruction(code: u32, value: u32, yes: u8, no: u8) -> sock_filter {
    sock_filter { code: code.try_into().unwrap(), jt: yes, jf: no, k: value }
}
