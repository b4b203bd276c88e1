//! What is found, with the closing words about it.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Mutex;

use crate::table::Table;

/// What is found, by all workers.
#[derive(Default)]
pub struct Findings {
    pub table: Mutex<Table>,
    /// How each bad point can be tried again, and what was wrong with it.
    pub bad: Mutex<Vec<String>>,
    /// Calls that may change something in a way that the tracer does not understand.
    pub unmodelled: Mutex<BTreeSet<String>>,
    /// Faults that fired at another call than the one that was recorded under their number.
    pub moved: Mutex<u64>,
    /// Ends that were those of another point, and were judged with it.
    pub alike: Mutex<u64>,
    /// How many workers had not come to their end when the time was over.
    pub left: Mutex<u64>,
}

impl Findings {
    /// The table, and all that makes it one of failures.
    pub fn print(&self) -> ExitCode {
        let (table, bad) = (self.table.lock().unwrap(), self.bad.lock().unwrap());
        println!();
        table.print();
        let unmodelled = self.unmodelled.lock().unwrap();
        for call in unmodelled.iter() {
            println!("NOT MODELLED: {call}");
        }
        println!("{} faults fired at another call than the recorded one", self.moved.lock().unwrap());
        println!("{} ends were those of another point, and were judged with it", self.alike.lock().unwrap());
        for text in bad.iter() {
            println!("{}", text.lines().next().unwrap_or_default());
        }
        let well = table.bad() == 0 && bad.is_empty() && unmodelled.is_empty() && table.tried() > 0;
        if well && *self.left.lock().unwrap() > 0 {
            println!("NOT FINISHED: the time is over; the same command goes on from here");
            return ExitCode::from(3);
        }
        if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
