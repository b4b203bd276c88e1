//! The reference node: Gantry's control plane as a small, real HTTP service.
//!
//! One program serves as every release. Which one it is, and on which schemas it runs, stands in `release.toml` beside
//! its `bin` directory. It starts only if the gate lets it, acknowledges a write only once it is durable, and ends
//! within milliseconds of SIGTERM.

#![allow(clippy::disallowed_methods, reason = "an example is a program of its own, outside of the library's fence")]

mod release;
mod ulid;
mod read;
mod write;
mod objects;
mod store;
mod http;
mod notify;

use std::error::Error;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::release::Release;
use crate::store::Store;

/// What systemd's `RestartPreventExitStatus` is given: starting again would not help.
const REFUSED: u8 = 78;

/// How long a request that is under way may take once the node was asked to stop.
const LAST_REQUESTS: Duration = Duration::from_secs(1);

#[derive(Parser)]
#[command(name = "gantry-node", about = "Serve buckets and objects over HTTP", disable_version_flag = true)]
struct Arguments {
    /// Address to listen on
    #[arg(long)]
    listen: SocketAddr,
    /// Database file; it is never created here
    #[arg(long)]
    database: PathBuf,
    /// State directory of the installer, which the gate reads
    #[arg(long)]
    state: PathBuf,
    /// Written once the node listens, removed when it ends
    #[arg(long)]
    pid_file: Option<PathBuf>,
    /// Seconds after which the write-ahead log is emptied into the database, which keeps all writes waiting meanwhile; without
    /// it that is left to SQLite
    #[arg(long)]
    empty_log_every: Option<u64>,
}

fn main() -> ExitCode {
    match start() {
        Ok(code) => code,
        Err(error) => {
            complain(&error.to_string());
            let mut cause = error.source();
            while let Some(error) = cause {
                complain(&format!("caused by: {error}"));
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn start() -> Result<ExitCode, Box<dyn Error>> {
    let release = Release::of_this_program()?;
    if std::env::args().nth(1).as_deref() == Some("--version") {
        announce(&format!("gantry-node {}", release.version));
        return Ok(ExitCode::SUCCESS);
    }
    let arguments = Arguments::parse();
    // Held until the database is closed again: the installer takes no database from under whoever is through the gate.
    let _passage = match gantry_installer::gate::enter(&arguments.state, &arguments.database, &release.version) {
        Ok(passage) => passage,
        Err(verdict) => {
            complain(&verdict.to_string());
            return Ok(ExitCode::from(REFUSED));
        }
    };
    serve(&arguments, release)?;
    Ok(ExitCode::SUCCESS)
}

fn serve(arguments: &Arguments, release: Release) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    // The address is taken before the database is touched: of two nodes that start at once, one ends here.
    let listener = runtime.block_on(TcpListener::bind(arguments.listen))?;
    let every = arguments.empty_log_every.map(Duration::from_secs);
    let (store, writer) = Store::open(&arguments.database, &release, every)?;
    let pid_file = arguments.pid_file.as_deref();
    write_pid(pid_file)?;
    notify::ready()?;
    announce(&format!("gantry-node {} listens on http://{}", release.version, arguments.listen));
    let served = runtime.block_on(until_stopped(listener, http::routes(store, release)));
    // Ends the tasks that are left and with them the last senders to the writer, which then finishes its queue.
    drop(runtime);
    writer.finish()?;
    remove_pid(pid_file)?;
    Ok(served?)
}

/// Serves until SIGTERM or SIGINT, then answers what is under way and accepts nothing more.
async fn until_stopped(listener: TcpListener, routes: axum::Router) -> std::io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (stop, asked) = oneshot::channel::<()>();
    let serving = axum::serve(listener, routes).with_graceful_shutdown(async {
        let _ = asked.await;
    });
    let limit = async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        let _ = stop.send(());
        tokio::time::sleep(LAST_REQUESTS).await;
    };
    tokio::select! { served = serving.into_future() => served, () = limit => Ok(()) }
}

fn write_pid(pid_file: Option<&Path>) -> std::io::Result<()> {
    let Some(path) = pid_file else { return Ok(()) };
    // Whoever reads it sees a whole number or no file.
    let temporary = path.with_extension("new");
    std::fs::write(&temporary, format!("{}\n", std::process::id()))?;
    std::fs::rename(&temporary, path)
}

fn remove_pid(pid_file: Option<&Path>) -> std::io::Result<()> {
    pid_file.map_or(Ok(()), std::fs::remove_file)
}

#[allow(clippy::print_stdout, reason = "the answer to `--version`, and the line for the log")]
fn announce(line: &str) {
    println!("{line}");
}

#[allow(clippy::print_stderr, reason = "the edge of the program")]
fn complain(words: &str) {
    eprintln!("gantry-node: {words}");
}
