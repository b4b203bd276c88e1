//! A database that went up and down through us a hundred times is to its engine like one that never did.

use super::picture::picture;
use super::programs::plain;
use super::{FORMATS, Hand, Site, driver};

/// SplitMix64: the same steps for the same seed, on every machine.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((value ^ (value >> 31)) % end as u64).unwrap()
    }
}

#[test]
fn an_engine_accepts_a_database_that_went_up_and_down_through_us_a_hundred_times() {
    let Some(driver) = driver() else { return };
    for (format, seed) in FORMATS.into_iter().zip(20_261_121..).filter(|(format, _)| *format != "atlas") {
        println!("{format}: seed {seed}");
        let program = plain();
        let (versions, count) = (program.versions(format), program.0.len());
        let site = Site::new(format, &program, Some(driver.clone()));
        let (mut dice, database) = (Dice(seed), site.database("ours.db"));
        let mut at = 0;
        for _ in 0..100 {
            // To another place than this one, by the verb that chance picks.
            let to = (at + 1 + dice.below(count)) % (count + 1);
            let (distance, up) = (to.abs_diff(at).to_string(), to > at);
            let verb = if up { "up" } else { "down" };
            let by_name = to > 0 && dice.below(2) == 0;
            let command = if by_name { ["goto", &versions[to - 1]] } else { [verb, &distance] };
            site.succeed(Hand::Ours, &database, &command);
            at = to;
        }
        let direct = site.database("engine.db");
        let there: &[&str] = if at == 0 { &["down"] } else { &["goto", &versions[at - 1]] };
        site.walk(&direct, &[(Hand::Engine, &["up"]), (Hand::Engine, there)]);
        for command in [&["up"] as &[&str], &["down", "2"], &["up"], &["down"], &["up"]] {
            assert_eq!(content(&database), content(&direct), "{format}, before {command:?}");
            site.succeed(Hand::Engine, &database, command);
            site.succeed(Hand::Engine, &direct, command);
        }
    }
}

/// Without the numbers that a hundred steps have used up.
fn content(database: &std::path::Path) -> String {
    let used = |line: &&str| !line.starts_with("text \"goose_db_version\"") && !line.starts_with("text \"log\"");
    let unnumbered = |line: &str| match line.split_once(" | integer ") {
        Some((id, rest)) if rest.contains("| time ") && id.starts_with("integer ") => rest.to_owned(),
        _ => line.to_owned(),
    };
    picture(database).lines().filter(used).map(unnumbered).collect::<Vec<_>>().join("\n")
}
