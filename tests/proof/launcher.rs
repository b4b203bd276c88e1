//! The service's manager, outside of what is traced: it starts, stops and reaps the service in this process, and the
//! configured commands are small clients of it, as `systemctl` is one of systemd.

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use gantry_installer::digest::Sha256;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How it stops the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It is asked to end, and ends in order.
    Term,
    /// It is killed, so that its write-ahead log stays there.
    Kill,
}

/// One manager with one service.
pub struct Launcher {
    name: String,
    shared: Arc<Shared>,
}

struct Shared {
    running: Mutex<Option<Running>>,
    changed: Condvar,
    pid_file: PathBuf,
    stop: Mutex<Stop>,
}

struct Running {
    pid: Pid,
    words: Vec<OsString>,
}

/// Nothing here ever takes so long.
const PATIENCE: Duration = Duration::from_secs(30);

impl Launcher {
    /// A manager for the service that writes its number to `pid_file`.
    pub fn start(pid_file: &Path) -> Self {
        // Not the number of this process, which is 1 in every PID namespace.
        let name = format!("gantry-installer-proof-{}", Sha256::of(pid_file.as_os_str().as_bytes()));
        let listener = UnixListener::bind_addr(&address(&name)).unwrap();
        let shared = Arc::new(Shared {
            running: Mutex::new(None),
            changed: Condvar::new(),
            pid_file: pid_file.to_owned(),
            stop: Mutex::new(Stop::Term),
        });
        let served = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&served);
                // Whoever asked may have been killed.
                std::thread::spawn(move || shared.answer(stream));
            }
        });
        Self { name, shared }
    }

    /// The words of `[service]` in a configuration: `start`, with what it runs, `stop` and `status`.
    pub fn settings(&self, start: &[&str]) -> String {
        let own = std::env::current_exe().unwrap();
        let ask = |word: &str, rest: &[&str]| {
            let words = [own.to_str().unwrap(), "ask", &self.name, word].into_iter().chain(rest.iter().copied());
            words.map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", ")
        };
        format!(
            "manager = \"command\"\nstart = [{}]\nstop = [{}]\nstatus = [{}]\npid_file = {:?}\nstop_timeout = \"20s\"",
            ask("start", start),
            ask("stop", &[]),
            ask("status", &[]),
            self.shared.pid_file
        )
    }

    /// From now on it stops the service in this way.
    pub fn stops_by(&self, stop: Stop) {
        *self.shared.stop.lock().unwrap() = stop;
    }

    /// What was started, if it runs.
    pub fn running(&self) -> Option<Vec<OsString>> {
        let running = self.shared.running.lock().unwrap();
        running.as_ref().map(|service| service.words.clone())
    }

    /// Starts the service, as at the boot of the machine.
    pub fn run(&self, argv: &[OsString]) {
        self.try_run(argv).unwrap();
    }

    /// The same where the gate may refuse it.
    ///
    /// # Errors
    /// It ended at once.
    pub fn try_run(&self, argv: &[OsString]) -> Result<(), String> {
        self.shared.start(argv.to_vec())
    }

    /// Kills the service, as the end of the machine does, and returns when it is reaped.
    pub fn kill(&self) {
        self.shared.end(Signal::SIGKILL).unwrap();
    }
}

impl Drop for Launcher {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Shared {
    fn answer(self: &Arc<Self>, mut stream: UnixStream) -> std::io::Result<()> {
        let mut question = Vec::new();
        stream.read_to_end(&mut question)?;
        let mut words = question.split(|byte| *byte == 0).map(|word| OsString::from_vec(word.to_vec()));
        let verb = words.next().unwrap_or_default();
        let answer = match verb.to_str() {
            Some("start") => self.start(words.collect()),
            Some("stop") => {
                self.end(if *self.stop.lock().unwrap() == Stop::Kill { Signal::SIGKILL } else { Signal::SIGTERM })
            }
            Some("status") if self.running.lock().unwrap().is_none() => Err("it does not run".to_owned()),
            Some("status") => Ok(()),
            _ => Err(format!("no such word: {verb:?}")),
        };
        match answer {
            Ok(()) => stream.write_all(b"0"),
            Err(words) => write!(stream, "1{words}"),
        }
    }

    /// Returns when the service has written its number, or ended. Nothing to do where it runs.
    fn start(self: &Arc<Self>, argv: Vec<OsString>) -> Result<(), String> {
        let mut running = self.running.lock().unwrap();
        if running.is_some() {
            return Ok(());
        }
        let (sender, started) = std::sync::mpsc::channel();
        let (shared, words) = (Arc::clone(self), argv.clone());
        // The thread that starts it reaps it: a child whose thread is gone would become another thread's.
        std::thread::spawn(move || shared.reap(&argv, &sender));
        let pid = started.recv().map_err(|_| "nothing was started".to_owned())??;
        *running = Some(Running { pid, words });
        let since = Instant::now();
        while running.is_some() {
            if std::fs::read_to_string(&self.pid_file).is_ok_and(|text| text == pid.to_string()) {
                return Ok(());
            }
            if since.elapsed() > PATIENCE {
                return Err("it does not write its number".to_owned());
            }
            running = self.changed.wait_timeout(running, Duration::from_millis(1)).unwrap().0;
        }
        Err("it ended at once".to_owned())
    }

    fn reap(&self, argv: &[OsString], sender: &std::sync::mpsc::Sender<Result<Pid, String>>) {
        let mut command = Command::new(&argv[0]);
        command.args(&argv[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        ends_with_this_thread(&mut command);
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => return sender.send(Err(error.to_string())).unwrap_or(()),
        };
        let pid = Pid::from_raw(child.id().try_into().unwrap());
        sender.send(Ok(pid)).unwrap();
        child.wait().unwrap();
        let mut running = self.running.lock().unwrap();
        // As systemd does with one that its service left behind.
        if std::fs::read_to_string(&self.pid_file).is_ok_and(|text| text == pid.to_string()) {
            let _ = std::fs::remove_file(&self.pid_file);
        }
        *running = None;
        self.changed.notify_all();
    }

    fn end(&self, signal: Signal) -> Result<(), String> {
        let mut running = self.running.lock().unwrap();
        let Some(Running { pid, .. }) = *running else { return Ok(()) };
        let since = Instant::now();
        let _ = kill(pid, signal);
        while running.as_ref().is_some_and(|service| service.pid == pid) {
            if since.elapsed() > PATIENCE {
                return Err(format!("process {pid} does not end"));
            }
            running = self.changed.wait_timeout(running, Duration::from_secs(1)).unwrap().0;
        }
        Ok(())
    }
}

/// A proof that is killed leaves no service behind. The thread lives until its service has ended.
#[allow(unsafe_code, reason = "the call must be made in the child; there is no safe way to say so")]
fn ends_with_this_thread(command: &mut Command) {
    // SAFETY: between fork and exec only async-signal-safe functions are allowed, and prctl(2) is a bare system call.
    unsafe {
        command.pre_exec(|| set_pdeathsig(Signal::SIGKILL).map_err(std::io::Error::from));
    }
}

fn address(name: &str) -> SocketAddr {
    SocketAddr::from_abstract_name(name).unwrap()
}

/// The client: `ask NAME WORD…`.
pub fn ask(words: &[OsString]) -> ExitCode {
    let [name, words @ ..] = words else { return ExitCode::from(2) };
    let mut answer = String::new();
    let asked = UnixStream::connect_addr(&address(name.to_str().unwrap())).and_then(|mut stream| {
        stream.write_all(&words.iter().map(|word| word.as_bytes()).collect::<Vec<_>>().join(&0))?;
        stream.shutdown(Shutdown::Write)?;
        stream.read_to_string(&mut answer)
    });
    match asked {
        Ok(_) if answer == "0" => ExitCode::SUCCESS,
        outcome => {
            eprintln!("{answer} {outcome:?}");
            ExitCode::FAILURE
        }
    }
}
