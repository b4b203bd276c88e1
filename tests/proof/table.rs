//! The closing table.

use std::collections::BTreeMap;
use std::fmt::Display;

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

impl Row {
    fn numbers(&self) -> [u64; 5] {
        [self.tried, self.old, self.new, self.bad, self.passed_over]
    }
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
        let wide =
            |names: &mut dyn Iterator<Item = &String>, least| names.map(String::len).max().unwrap_or(0).max(least);
        let widths = (
            wide(&mut self.rows.keys().map(|(operation, _)| operation), 22),
            wide(&mut self.rows.keys().map(|(_, fault)| fault), 24),
        );
        let head = ["points", "OLD", "NEW", "bad", "passed over"];
        line(("operation", "fault"), widths, head);
        let mut sum = Row::default();
        for ((operation, fault), row) in &self.rows {
            line((operation, fault), widths, row.numbers());
            sum.tried += row.tried;
            sum.old += row.old;
            sum.new += row.new;
            sum.bad += row.bad;
            sum.passed_over += row.passed_over;
        }
        line(("all", ""), widths, sum.numbers());
    }
}

fn line<T: Display>((operation, fault): (&str, &str), (first, second): (usize, usize), numbers: [T; 5]) {
    let [points, old, new, bad, over] = numbers;
    println!("{operation:<first$} {fault:<second$} {points:>7} {old:>7} {new:>7} {bad:>5} {over:>11}");
}
