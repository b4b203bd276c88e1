//! Which archive of a release is for this machine.

use super::{Artifact, Release};

/// The machine, as far as an archive must fit it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// As the kernel (`uname -m`) or Rust (`std::env::consts::ARCH`) names it: `x86_64`, `aarch64`, `armv7l`.
    pub arch: String,
    /// Whether the dynamic loader of glibc is there. Without it a program that was linked against glibc does not start.
    pub gnu_loader: bool,
}

/// The archive for this host: the one for glibc if its loader is there, else the one for musl, else the one for `any`.
pub fn choose<'a>(release: &'a Release, host: &Host) -> Option<&'a Artifact> {
    let named = |target: &str| release.artifacts.iter().find(|artifact| artifact.target == target);
    let machines: Vec<&Machine> = MACHINES.iter().filter(|machine| machine.hosts.contains(&&*host.arch)).collect();
    let gnu = machines.iter().filter(|_| host.gnu_loader).find_map(|machine| named(machine.gnu));
    gnu.or_else(|| machines.iter().find_map(|machine| machine.musl.and_then(named))).or_else(|| named(ANY))
}

/// Whether a manifest may name this target. Those for other systems are known so that a product can list them too.
pub(super) fn is_known(target: &str) -> bool {
    target == ANY
        || FOREIGN.contains(&target)
        || MACHINES.iter().any(|machine| machine.gnu == target || machine.musl == Some(target))
}

const ANY: &str = "any";

/// The target triples of one kind of processor under Linux, and which hosts run them.
struct Machine {
    hosts: &'static [&'static str],
    gnu: &'static str,
    musl: Option<&'static str>,
}

/// Where a host is named twice the better one comes first: an ARMv7 runs what is made for ARMv6.
const MACHINES: [Machine; 9] = [
    machine(&["x86_64"], "x86_64-unknown-linux-gnu", Some("x86_64-unknown-linux-musl")),
    machine(&["aarch64"], "aarch64-unknown-linux-gnu", Some("aarch64-unknown-linux-musl")),
    machine(&["armv7", "armv7l"], "armv7-unknown-linux-gnueabihf", Some("armv7-unknown-linux-musleabihf")),
    machine(&["arm", "armv6l", "armv7", "armv7l"], "arm-unknown-linux-gnueabihf", Some("arm-unknown-linux-musleabihf")),
    machine(&["x86", "i586", "i686"], "i686-unknown-linux-gnu", Some("i686-unknown-linux-musl")),
    machine(&["riscv64"], "riscv64gc-unknown-linux-gnu", Some("riscv64gc-unknown-linux-musl")),
    machine(&["loongarch64"], "loongarch64-unknown-linux-gnu", Some("loongarch64-unknown-linux-musl")),
    machine(&["ppc64le"], "powerpc64le-unknown-linux-gnu", Some("powerpc64le-unknown-linux-musl")),
    machine(&["s390x"], "s390x-unknown-linux-gnu", None),
];

const FOREIGN: [&str; 6] = [
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "aarch64-pc-windows-msvc",
    "x86_64-pc-windows-gnu",
    "x86_64-unknown-freebsd",
];

const fn machine(hosts: &'static [&'static str], gnu: &'static str, musl: Option<&'static str>) -> Machine {
    Machine { hosts, gnu, musl }
}

#[cfg(test)]
mod tests {
    use super::super::sample::release;
    use super::*;
    use crate::digest::Sha256;

    fn chosen(targets: &[&str], arch: &str, gnu_loader: bool) -> Option<String> {
        let artifact = |target: &&str| Artifact {
            target: (*target).to_owned(),
            url: "a.tar.gz".to_owned(),
            size: 1,
            sha256: Sha256::of(b""),
        };
        let release = Release { artifacts: targets.iter().map(artifact).collect(), ..release("1.0.0") };
        choose(&release, &Host { arch: arch.to_owned(), gnu_loader }).map(|artifact| artifact.target.clone())
    }

    const GNU: &str = "x86_64-unknown-linux-gnu";
    const MUSL: &str = "x86_64-unknown-linux-musl";

    #[test]
    fn glibc_is_taken_where_its_loader_is_then_musl_then_any() {
        assert_eq!(chosen(&[ANY, MUSL, GNU], "x86_64", true).as_deref(), Some(GNU));
        assert_eq!(chosen(&[ANY, MUSL, GNU], "x86_64", false).as_deref(), Some(MUSL));
        assert_eq!(chosen(&[ANY, MUSL], "x86_64", true).as_deref(), Some(MUSL));
        assert_eq!(chosen(&[ANY, GNU], "x86_64", false).as_deref(), Some(ANY));
    }

    #[test]
    fn an_archive_for_another_processor_is_never_taken() {
        assert_eq!(chosen(&[GNU, MUSL], "aarch64", true), None);
        assert_eq!(chosen(&[GNU, ANY], "vax", true).as_deref(), Some(ANY));
    }

    #[test]
    fn an_armv7_prefers_its_own_and_runs_armv6() {
        let (seven, six) = ("armv7-unknown-linux-gnueabihf", "arm-unknown-linux-gnueabihf");
        assert_eq!(chosen(&[six, seven], "armv7l", true).as_deref(), Some(seven));
        assert_eq!(chosen(&[six, seven], "armv6l", true).as_deref(), Some(six));
        assert_eq!(chosen(&[six], "armv7l", true).as_deref(), Some(six));
    }
}
