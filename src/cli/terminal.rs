//! The terminal: whether there is one, questions, and progress.

use std::cell::RefCell;
use std::fmt;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use console::{Style, Term};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::events::Events;
use super::exit::Outcome;
use super::harmless::harmless;
use crate::run::Observer;
use crate::sys::lock::question::Question;
use crate::sys::signal::Interrupt;
use crate::sys::watch::Watch;

/// How much is said beside the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Only what went wrong.
    Quiet,
    /// Steps and warnings.
    Normal,
    /// Every hint as well.
    Verbose,
}

/// What the program talks to.
pub struct Terminal {
    /// Whether the answer is one JSON object.
    pub json: bool,
    /// How much is said beside it.
    pub verbosity: Verbosity,
    /// Whether somebody can be asked: standard input and standard error are terminals.
    pub interactive: bool,
    /// A signal that asks for the end.
    pub interrupt: Interrupt,
    bar: RefCell<Option<ProgressBar>>,
    events: Option<Events>,
    /// The lock that this process took.
    lock: RefCell<Option<PathBuf>>,
}

impl Terminal {
    /// The terminal of this process.
    pub fn new(json: bool, verbosity: Verbosity, interrupt: Interrupt) -> Self {
        let interactive = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        Self {
            json,
            verbosity,
            interactive,
            interrupt,
            bar: RefCell::new(None),
            events: None,
            lock: RefCell::new(None),
        }
    }

    /// The same, telling events to other programs as well.
    pub fn telling(self, events: Option<Events>) -> Self {
        Self { events, ..self }
    }

    /// From now on questions are asked under this lock: whom it keeps out is told that an answer is waited for.
    pub fn asks_under(&self, lock: &Path) {
        self.lock.replace(Some(lock.to_owned()));
    }

    /// That a question is asked. Where it cannot be noted others only learn that the lock is held.
    fn question(&self) -> Option<Question> {
        Question::begin(self.lock.borrow().as_deref()?).ok()?
    }

    /// A step before the run begins, which people need not be told of.
    pub fn announce(&self, step: &'static str) {
        if let Some(events) = &self.events {
            events.begins(step);
        }
    }

    /// That step is done.
    pub fn announced(&self, step: &'static str, ms: u64) {
        if let Some(events) = &self.events {
            events.ends(step, ms);
        }
    }

    /// The command ended.
    pub fn ended(&self, command: &str, outcome: Outcome) {
        if let Some(events) = &self.events {
            events.outcome(command, outcome);
        }
    }

    /// Says something beside the answer.
    pub fn say(&self, words: &str) {
        self.write(&harmless(words));
    }

    /// Says what a question that follows is about: whoever is asked is told, however little is said otherwise.
    pub fn show(&self, words: &str) {
        self.tell(&harmless(words), self.interactive || self.verbosity > Verbosity::Quiet);
    }

    fn write(&self, words: &str) {
        self.tell(words, self.verbosity > Verbosity::Quiet);
    }

    fn tell(&self, words: &str, wanted: bool) {
        self.finish_bar();
        if wanted {
            let _ = Term::stderr().write_line(words);
        }
    }

    /// Asks whether to go on. Without somebody to ask the answer is no.
    pub fn confirm(&self, question: &str) -> bool {
        self.finish_bar();
        if !self.interactive {
            return false;
        }
        let _question = self.question();
        let asked = dialoguer::Confirm::new().with_prompt(question).default(false);
        answered(asked.interact_on_opt(&Term::stderr())).unwrap_or(false)
    }

    /// Lets somebody choose one of several; none where nobody can be asked or nothing was chosen.
    pub fn choose(&self, question: &str, items: &[String]) -> Option<usize> {
        self.finish_bar();
        if !self.interactive {
            return None;
        }
        let _question = self.question();
        let asked = dialoguer::Select::new().with_prompt(question).items(items).default(0);
        answered(asked.interact_on_opt(&Term::stderr()))
    }

    fn finish_bar(&self) {
        if let Some(bar) = self.bar.borrow_mut().take() {
            bar.finish_and_clear();
        }
    }

    fn style(&self) -> Style {
        Style::new().for_stderr().dim()
    }
}

/// A question that is broken off by a signal leaves the cursor hidden, and the line unfinished.
fn answered<T>(answer: dialoguer::Result<Option<T>>) -> Option<T> {
    answer.unwrap_or_else(|_| {
        let terminal = Term::stderr();
        let _ = terminal.show_cursor();
        let _ = terminal.write_line("");
        None
    })
}

const BYTES: (&str, &str) = ("bytes", "            [{bar:30}] {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left");
const ROWS: (&str, &str) =
    ("rows", "            [{bar:30}] {human_pos} of {human_len} rows, {rows_per_sec}, {eta} left");

/// In whole rows: fractions of one say nothing.
fn rows_per_sec(state: &ProgressState, out: &mut dyn fmt::Write) {
    // Nothing of it is seen where it fails.
    let _ = write!(out, "{:.0}/s", state.per_sec());
}

impl Terminal {
    /// To watch what is counted in rows.
    pub fn rows(&self) -> Rows<'_> {
        Rows(self)
    }

    fn draw(&self, done: u64, total: u64, (unit, template): (&'static str, &str)) {
        if let Some(events) = &self.events {
            events.progress(done, total, unit);
        }
        if self.verbosity == Verbosity::Quiet || !Term::stderr().is_term() {
            return;
        }
        let mut bar = self.bar.borrow_mut();
        let bar = bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.with_key("rows_per_sec", rows_per_sec).progress_chars("=> "));
            }
            bar
        });
        bar.set_length(total);
        bar.set_position(done);
    }
}

/// The terminal, for what is counted in rows.
pub struct Rows<'a>(&'a Terminal);

impl Watch for Rows<'_> {
    fn progress(&self, done: u64, total: u64) {
        self.0.draw(done, total, ROWS);
    }

    fn cancelled(&self) -> bool {
        self.0.cancelled()
    }
}

impl Watch for Terminal {
    fn progress(&self, done: u64, total: u64) {
        self.draw(done, total, BYTES);
    }

    fn rows(&self, done: u64, total: u64) {
        self.draw(done, total, ROWS);
    }

    fn cancelled(&self) -> bool {
        self.interrupt.requested().is_some()
    }
}

impl Observer for Terminal {
    fn begins(&self, step: &'static str) {
        self.finish_bar();
        self.announce(step);
        if self.verbosity == Verbosity::Verbose {
            self.say(&format!("{step:>10}  begins"));
        }
    }

    fn ends(&self, step: &'static str, ms: u64) {
        self.finish_bar();
        self.announced(step, ms);
        self.write(&format!("{step:>10}  {}", self.style().apply_to(took(ms))));
    }

    fn goes_back(&self, why: &str) {
        self.finish_bar();
        if let Some(events) = &self.events {
            events.goes_back(why);
        }
        // The answer names all that was found.
        let why = why.lines().next().unwrap_or_default();
        self.say(&format!("going back: {}", why.strip_suffix(':').unwrap_or(why)));
    }
}

/// A moment in words, to the second.
pub fn moment(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A duration in words.
pub fn took(ms: u64) -> String {
    match Duration::from_millis(ms) {
        short if ms < 10_000 => format!("{} ms", short.as_millis()),
        long if long.as_secs() < 600 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        long => format!("{} min", long.as_secs() / 60),
    }
}
