//! Which system calls change something, and on what: a table. A call that is in no part of it is reported, never missed.

use nix::libc;

/// What a system call does to files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It changes what these arguments name.
    Changes(On),
    /// It changes nothing that outlives the process.
    None,
    /// It is in no part of the table.
    Unknown,
}

/// Which arguments, counted from 0, say what is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// An open file.
    File(usize),
    /// An open file, into which as many bytes go as this argument says.
    Bytes { file: usize, length: usize },
    /// A path, from the current directory.
    Path(usize),
    /// A directory and a path from there.
    At(usize),
    /// Two paths.
    Paths(usize, usize),
    /// Two directories, each with a path.
    BothAt(usize, usize),
}

pub(super) type Row = (libc::c_long, &'static str, On);

#[rustfmt::skip]
const CHANGES: &[Row] = &[
    (libc::SYS_write, "write", On::Bytes { file: 0, length: 2 }),
    (libc::SYS_pwrite64, "pwrite64", On::Bytes { file: 0, length: 2 }),
    (libc::SYS_copy_file_range, "copy_file_range", On::Bytes { file: 2, length: 4 }),
    (libc::SYS_sendfile, "sendfile", On::Bytes { file: 0, length: 3 }),
    (libc::SYS_splice, "splice", On::Bytes { file: 2, length: 4 }),
    (libc::SYS_writev, "writev", On::File(0)),
    (libc::SYS_pwritev, "pwritev", On::File(0)),
    (libc::SYS_pwritev2, "pwritev2", On::File(0)),
    (libc::SYS_ftruncate, "ftruncate", On::File(0)),
    (libc::SYS_fallocate, "fallocate", On::File(0)),
    (libc::SYS_fsync, "fsync", On::File(0)),
    (libc::SYS_fdatasync, "fdatasync", On::File(0)),
    (libc::SYS_sync_file_range, "sync_file_range", On::File(0)),
    (libc::SYS_syncfs, "syncfs", On::File(0)),
    (libc::SYS_fchmod, "fchmod", On::File(0)),
    (libc::SYS_fchown, "fchown", On::File(0)),
    (libc::SYS_fsetxattr, "fsetxattr", On::File(0)),
    (libc::SYS_fremovexattr, "fremovexattr", On::File(0)),
    (libc::SYS_creat, "creat", On::Path(0)),
    (libc::SYS_truncate, "truncate", On::Path(0)),
    (libc::SYS_unlink, "unlink", On::Path(0)),
    (libc::SYS_rmdir, "rmdir", On::Path(0)),
    (libc::SYS_mkdir, "mkdir", On::Path(0)),
    (libc::SYS_mknod, "mknod", On::Path(0)),
    (libc::SYS_chmod, "chmod", On::Path(0)),
    (libc::SYS_chown, "chown", On::Path(0)),
    (libc::SYS_lchown, "lchown", On::Path(0)),
    (libc::SYS_setxattr, "setxattr", On::Path(0)),
    (libc::SYS_lsetxattr, "lsetxattr", On::Path(0)),
    (libc::SYS_removexattr, "removexattr", On::Path(0)),
    (libc::SYS_lremovexattr, "lremovexattr", On::Path(0)),
    (libc::SYS_utime, "utime", On::Path(0)),
    (libc::SYS_utimes, "utimes", On::Path(0)),
    (libc::SYS_symlink, "symlink", On::Path(1)),
    (libc::SYS_symlinkat, "symlinkat", On::At(1)),
    (libc::SYS_unlinkat, "unlinkat", On::At(0)),
    (libc::SYS_mkdirat, "mkdirat", On::At(0)),
    (libc::SYS_mknodat, "mknodat", On::At(0)),
    (libc::SYS_fchmodat, "fchmodat", On::At(0)),
    (libc::SYS_fchmodat2, "fchmodat2", On::At(0)),
    (libc::SYS_fchownat, "fchownat", On::At(0)),
    (libc::SYS_utimensat, "utimensat", On::At(0)),
    (libc::SYS_futimesat, "futimesat", On::At(0)),
    (libc::SYS_rename, "rename", On::Paths(0, 1)),
    (libc::SYS_link, "link", On::Paths(0, 1)),
    (libc::SYS_renameat, "renameat", On::BothAt(0, 2)),
    (libc::SYS_renameat2, "renameat2", On::BothAt(0, 2)),
    (libc::SYS_linkat, "linkat", On::BothAt(0, 2)),
];

/// Those whose arguments decide.
pub(super) const OPENS: &[Row] = &[(libc::SYS_open, "open", On::Path(0)), (libc::SYS_openat, "openat", On::At(0))];

/// `FICLONE`, `FICLONERANGE`, `FS_IOC_SETFLAGS` and `FS_IOC_FSSETXATTR` of ioctl_ficlone(2) and ioctl_iflags(2).
const CHANGING_REQUESTS: [u64; 4] = [0x4004_9409, 0x4020_940d, 0x4008_6602, 0x401c_5820];
/// `TCGETS`, `TIOCGPGRP`, `TIOCGWINSZ`, `FIONREAD`, `FIONBIO`, `FIONCLEX`, `FIOCLEX`, `FS_IOC_GETFLAGS`, `FS_IOC_FSGETXATTR`.
const READING_REQUESTS: [u64; 9] = [0x5401, 0x540f, 0x5413, 0x541b, 0x5421, 0x5450, 0x5451, 0x8008_6601, 0x801c_581f];

#[rustfmt::skip]
pub(super) const HARMLESS: &[libc::c_long] = &[
    libc::SYS_read, libc::SYS_pread64, libc::SYS_readv, libc::SYS_preadv, libc::SYS_preadv2, libc::SYS_close,
    libc::SYS_close_range, libc::SYS_stat, libc::SYS_fstat, libc::SYS_lstat, libc::SYS_newfstatat, libc::SYS_statx,
    libc::SYS_statfs, libc::SYS_fstatfs, libc::SYS_access, libc::SYS_faccessat, libc::SYS_faccessat2, libc::SYS_lseek,
    libc::SYS_readlink, libc::SYS_readlinkat, libc::SYS_getdents64, libc::SYS_getcwd, libc::SYS_chdir, libc::SYS_fchdir,
    libc::SYS_fcntl, libc::SYS_flock, libc::SYS_fadvise64, libc::SYS_readahead, libc::SYS_dup, libc::SYS_dup2,
    libc::SYS_dup3, libc::SYS_pipe, libc::SYS_pipe2, libc::SYS_poll, libc::SYS_ppoll, libc::SYS_select,
    libc::SYS_pselect6, libc::SYS_epoll_create1, libc::SYS_epoll_ctl, libc::SYS_epoll_wait, libc::SYS_epoll_pwait,
    libc::SYS_eventfd2, libc::SYS_timerfd_create, libc::SYS_timerfd_settime, libc::SYS_inotify_init1,
    libc::SYS_inotify_add_watch, libc::SYS_getxattr, libc::SYS_lgetxattr, libc::SYS_fgetxattr, libc::SYS_listxattr,
    libc::SYS_llistxattr, libc::SYS_flistxattr, libc::SYS_umask,
    libc::SYS_munmap, libc::SYS_mprotect, libc::SYS_mremap, libc::SYS_madvise, libc::SYS_brk,
    libc::SYS_socket, libc::SYS_socketpair, libc::SYS_connect, libc::SYS_bind, libc::SYS_listen, libc::SYS_accept4,
    libc::SYS_sendto, libc::SYS_sendmsg, libc::SYS_sendmmsg, libc::SYS_recvfrom, libc::SYS_recvmsg,
    libc::SYS_shutdown, libc::SYS_getsockname, libc::SYS_getpeername, libc::SYS_setsockopt, libc::SYS_getsockopt,
    libc::SYS_execve, libc::SYS_clone, libc::SYS_clone3, libc::SYS_fork, libc::SYS_vfork, libc::SYS_exit,
    libc::SYS_exit_group, libc::SYS_wait4, libc::SYS_waitid, libc::SYS_kill, libc::SYS_tgkill,
    libc::SYS_pidfd_open, libc::SYS_pidfd_send_signal, libc::SYS_setsid, libc::SYS_setpgid, libc::SYS_getpgid,
    libc::SYS_getpgrp, libc::SYS_getsid, libc::SYS_getpid, libc::SYS_getppid, libc::SYS_gettid, libc::SYS_getuid,
    libc::SYS_geteuid, libc::SYS_getgid, libc::SYS_getegid, libc::SYS_getgroups, libc::SYS_setgroups,
    libc::SYS_setuid, libc::SYS_setgid, libc::SYS_setresuid, libc::SYS_setresgid, libc::SYS_getresuid,
    libc::SYS_getresgid, libc::SYS_prctl, libc::SYS_arch_prctl, libc::SYS_prlimit64, libc::SYS_getrlimit,
    libc::SYS_getrusage, libc::SYS_sysinfo, libc::SYS_uname, libc::SYS_times, libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask, libc::SYS_rt_sigreturn, libc::SYS_rt_sigtimedwait, libc::SYS_rt_sigsuspend,
    libc::SYS_sigaltstack, libc::SYS_set_tid_address, libc::SYS_set_robust_list, libc::SYS_rseq, libc::SYS_futex,
    libc::SYS_sched_yield, libc::SYS_sched_getaffinity, libc::SYS_nanosleep, libc::SYS_clock_nanosleep,
    libc::SYS_clock_gettime, libc::SYS_clock_getres, libc::SYS_gettimeofday, libc::SYS_time, libc::SYS_getrandom,
    libc::SYS_membarrier, libc::SYS_restart_syscall, libc::SYS_getcpu, libc::SYS_capget, libc::SYS_ioprio_get,
];

/// The name of a call and what it does with these arguments.
pub fn effect(number: u64, arguments: &[u64; 6]) -> (&'static str, Effect) {
    let is = |known: libc::c_long| u64::try_from(known) == Ok(number);
    if let Some((_, name, on)) = CHANGES.iter().find(|row| is(row.0)) {
        return (name, Effect::Changes(*on));
    }
    if let Some((_, name, on)) = OPENS.iter().find(|row| is(row.0)) {
        let flags = if *name == "open" { arguments[1] } else { arguments[2] };
        return (name, if makes(flags) { Effect::Changes(*on) } else { Effect::None });
    }
    if is(libc::SYS_ioctl) {
        return match arguments[1] {
            request if CHANGING_REQUESTS.contains(&request) => ("ioctl", Effect::Changes(On::File(0))),
            request if READING_REQUESTS.contains(&request) => ("ioctl", Effect::None),
            _ => ("ioctl", Effect::Unknown),
        };
    }
    if is(libc::SYS_mmap) {
        return ("mmap", if maps_for_writing(arguments) { Effect::Unknown } else { Effect::None });
    }
    ("", if HARMLESS.iter().any(|known| is(*known)) { Effect::None } else { Effect::Unknown })
}

/// The flags of an open that makes, empties, or may write a file.
pub(super) const WRITING: libc::c_int = libc::O_CREAT | libc::O_TRUNC | libc::O_WRONLY | libc::O_RDWR;

fn makes(flags: u64) -> bool {
    flags & u64::from(WRITING.unsigned_abs()) != 0
}

/// Into a file, so that what is written there is no call any more.
fn maps_for_writing(arguments: &[u64; 6]) -> bool {
    let (protection, flags, file) = (arguments[2], arguments[3], arguments[4]);
    let has = |word: u64, bit: libc::c_int| word & u64::from(bit.unsigned_abs()) != 0;
    has(protection, libc::PROT_WRITE)
        && has(flags, libc::MAP_SHARED)
        && !has(flags, libc::MAP_ANONYMOUS)
        && file < 1 << 20
}
