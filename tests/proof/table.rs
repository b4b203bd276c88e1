//! The closing table.

use std::collections::BTreeMap;

use crate::verdict::Verdict;

/// What was tried with one fault on one operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    pub tried: u64,
    pub old: u64,
    pub new: u64,
    pub bad: u64,
    /// Points of a class of which others stand for it, or left out of a sample.
    pub passed_over: u64,
}

#[derive(Debug, Default)]
pub struct Table {
    rows: BTreeMap<(String, String), Row>,
}

impl Table {
    pub fn row(&mut self, operation: &str, fault: &str) -> &mut Row {
        self.rows.entry((operation.to_owned(), fault.to_owned())).or_default()
    }

    pub fn count(&mut self, operation: &str, fault: &str, verdict: &Verdict) {
        let row = self.row(operation, fault);
        row.tried += 1;
        *match verdict {
            Verdict::Old => &mut row.old,
            Verdict::New => &mut row.new,
            Verdict::Bad(_) => &mut row.bad,
        } += 1;
    }

    pub fn bad(&self) -> u64 {
        self.rows.values().map(|row| row.bad).sum()
    }

    pub fn tried(&self) -> u64 {
        self.rows.values().map(|row| row.tried).sum()
    }

    /// Prints it, with the sums.
    pub fn print(&self) {
        println!(
            "{:<22} {:<24} {:>7} {:>7} {:>7} {:>5} {:>11}",
            "operation", "fault", "points", "OLD", "NEW", "bad", "passed over"
        );
        let mut sum = Row::default();
        for ((operation, fault), row) in &self.rows {
            line(operation, fault, row);
            sum.tried += row.tried;
            sum.old += row.old;
            sum.new += row.new;
            sum.bad += row.bad;
            sum.passed_over += row.passed_over;
        }
        line("all", "", &sum);
    }
}

fn line(operation: &str, fault: &str, row: &Row) {
    let Row { tried, old, new, bad, passed_over } = row;
    println!("{operation:<22} {fault:<24} {tried:>7} {old:>7} {new:>7} {bad:>5} {passed_over:>11}");
}
