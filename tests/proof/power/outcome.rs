//! What a sweep came to, in a form that one process can tell another.

use crate::table::Row;
use crate::verdict::Verdict;

/// How much is tried.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Of what chance may leave at one moment.
    pub each: usize,
    /// In all.
    pub most: usize,
}

#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub row: Row,
    /// Each bad point, in words.
    pub bad: Vec<String>,
    /// What the harness could not see.
    pub unmodelled: Vec<String>,
}

impl Outcome {
    pub fn passing_over(points: usize) -> Self {
        Self { row: Row { passed_over: points as u64, ..Row::default() }, ..Self::default() }
    }

    pub fn count(&mut self, verdict: Verdict, point: &str) {
        self.row.tried += 1;
        match verdict {
            Verdict::Old => self.row.old += 1,
            Verdict::New => self.row.new += 1,
            Verdict::Bad(words) => {
                self.row.bad += 1;
                self.bad.push(format!("{point}: {words}"));
            }
        }
    }

    /// As lines.
    pub fn tell(&self) -> String {
        let Row { tried, old, new, bad, passed_over } = self.row;
        let line = |kind: &str, words: &String| format!("{kind} {}\n", words.replace('\n', "\\n"));
        let bads = self.bad.iter().map(|words| line("bad", words));
        let unmodelled = self.unmodelled.iter().map(|words| line("unmodelled", words));
        let lines: String = bads.chain(unmodelled).collect();
        format!("{lines}row {tried} {old} {new} {bad} {passed_over}\n")
    }

    /// From lines. None where they do not come to an end: whoever told them died.
    pub fn hear(text: &str) -> Option<Self> {
        let mut outcome = Self::default();
        for line in text.lines() {
            let (kind, words) = line.split_once(' ')?;
            match kind {
                "bad" => outcome.bad.push(words.replace("\\n", "\n")),
                "unmodelled" => outcome.unmodelled.push(words.to_owned()),
                _ => {
                    let numbers: Vec<u64> = words.split(' ').map_while(|number| number.parse().ok()).collect();
                    let [tried, old, new, bad, passed_over] = numbers[..] else { return None };
                    outcome.row = Row { tried, old, new, bad, passed_over };
                    return Some(outcome);
                }
            }
        }
        None
    }
}
