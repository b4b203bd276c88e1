//! The probation of an upgrade: for how long it was up, and for how much longer it is watched.

use serde::{Deserialize, Serialize};

use super::refusal::Refusal;
use super::step::Point;

/// An upgrade that was committed and is watched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probation {
    /// The run that made it; its backup has the same name.
    pub run: String,
    /// Where a rollback goes.
    pub from: Point,
    /// What is watched.
    pub to: Point,
    /// For how long, in milliseconds of the service being up.
    pub length_ms: u64,
    /// For how long it was up in lives that have ended, as far as they were seen.
    pub served_ms: u64,
    /// The newest life that was seen.
    pub life: Option<Life>,
    /// When it began; none where that could not be told.
    #[serde(default)]
    pub began: Option<Moment>,
}

/// A point in time, by the boot clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// Which boot.
    pub boot: String,
    /// Milliseconds since it.
    pub at_ms: u64,
}

/// One life of the service, from a start to its end, as far as it was seen. Both times are milliseconds since the boot: no
/// wall clock is needed, and time in which the machine is off does not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Life {
    /// Which boot.
    pub boot: String,
    /// The main process; none where the manager names none.
    pub pid: Option<u32>,
    /// When it began.
    pub since_ms: u64,
    /// When it was seen last.
    pub seen_ms: u64,
}

impl Life {
    /// Whether a life that is seen later is still this one.
    fn is(&self, later: &Self) -> bool {
        // Without a main process nobody can tell one life from the next.
        let same_start = self.pid.is_none() || self.since_ms == later.since_ms;
        self.boot == later.boot && self.pid == later.pid && same_start
    }

    fn length_ms(&self) -> u64 {
        self.seen_ms.saturating_sub(self.since_ms)
    }
}

impl Probation {
    /// The same after the service was seen in this life; in none, where it is down.
    ///
    /// What was never seen does not count, so that this can only be too long.
    pub fn having_seen(mut self, now: Option<Life>) -> Self {
        let Some(now) = now else { return self };
        self.life = Some(match self.life.take() {
            Some(last) if last.is(&now) => Life { since_ms: last.since_ms, ..now },
            Some(last) => {
                self.served_ms = self.served_ms.saturating_add(last.length_ms());
                now
            }
            None => now,
        });
        self
    }

    /// How much of it is left, in milliseconds; nothing once it has ended.
    pub fn left_ms(&self) -> u64 {
        let served = self.served_ms.saturating_add(self.life.as_ref().map_or(0, Life::length_ms));
        self.length_ms.saturating_sub(served)
    }

    /// Whether it certainly lasts: for no longer than the time since it began can the service have been up.
    ///
    /// What was seen of its lives cannot tell that, because most of them may never have been seen. In another boot nobody
    /// knows how long the one before went on.
    pub fn certainly_lasts(&self, now: &Moment) -> bool {
        let began = self.began.as_ref().filter(|began| began.boot == now.boot);
        let passed = began.and_then(|began| now.at_ms.checked_sub(began.at_ms));
        self.left_ms() > 0 && passed.is_some_and(|passed| passed < self.length_ms)
    }

    /// The refusal of another upgrade while it lasts.
    pub fn refusal(&self) -> Option<Refusal> {
        let left = self.left_ms();
        let version = self.to.version.as_ref().map_or_else(String::new, ToString::to_string);
        (left > 0).then(|| {
            Refusal::new(
                "probation",
                format!("{version} is on probation: the service has to be up for another {}", words(left)),
                "wait for it, or end it with `gantry-installer confirm` if all is well",
            )
        })
    }
}

/// A duration in words, rounded up: what is left never seems to be nothing.
pub fn words(ms: u64) -> String {
    match ms.div_ceil(1000) {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{} h", seconds.div_ceil(3600)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mark() -> Probation {
        let point = Point::default();
        Probation {
            run: "000002-upgrade-1.1.0".into(),
            from: point.clone(),
            to: point,
            length_ms: 1000,
            served_ms: 0,
            life: None,
            began: None,
        }
    }

    fn moment(boot: &str, at_ms: u64) -> Moment {
        Moment { boot: boot.into(), at_ms }
    }

    fn life(boot: &str, pid: u32, since_ms: u64, seen_ms: u64) -> Option<Life> {
        Some(Life { boot: boot.into(), pid: Some(pid), since_ms, seen_ms })
    }

    #[test]
    fn the_time_counts_while_the_service_is_up() {
        let mark = mark().having_seen(life("a", 7, 100, 300));
        assert_eq!(mark.left_ms(), 800);
        assert_eq!(mark.clone().having_seen(life("a", 7, 100, 900)).left_ms(), 200);
        assert_eq!(mark.clone().having_seen(None).left_ms(), 800, "down for however long");
        assert_eq!(mark.having_seen(life("a", 7, 100, 1100)).left_ms(), 0);
    }

    #[test]
    fn another_start_and_another_boot_go_on_counting_where_the_last_was_seen() {
        let mark = mark().having_seen(life("a", 7, 100, 300)).having_seen(life("a", 9, 5000, 5100));
        assert_eq!(mark.left_ms(), 700);
        // A number that is used again is another process.
        assert_eq!(mark.having_seen(life("b", 9, 20, 120)).left_ms(), 600);
    }

    #[test]
    fn where_nobody_names_the_process_it_counts_from_when_it_was_seen_first() {
        let seen = |since_ms, seen_ms| Some(Life { boot: "a".into(), pid: None, since_ms, seen_ms });
        assert_eq!(mark().having_seen(seen(100, 100)).having_seen(seen(400, 400)).left_ms(), 700);
    }

    #[test]
    fn while_it_lasts_it_refuses_with_what_is_left_and_then_no_more() {
        let refusal = mark().refusal().unwrap();
        assert!(refusal.message.ends_with("another 1 s") && refusal.remedy.contains("confirm"), "{refusal:?}");
        assert_eq!(mark().having_seen(life("a", 7, 0, 1000)).refusal(), None);
    }

    // A day later, on a machine where no command looked since the commit: what was served is not known to have been little.
    #[test]
    fn where_no_life_was_ever_seen_it_certainly_lasts_for_its_length_by_the_clock_and_no_longer() {
        let mark = Probation { began: Some(moment("a", 100)), ..mark() };
        assert_eq!(mark.left_ms(), 1000);
        assert!(mark.certainly_lasts(&moment("a", 1099)));
        assert!(!mark.certainly_lasts(&moment("a", 1100)));
    }

    #[test]
    fn after_a_boot_and_without_a_beginning_nothing_is_certain() {
        assert!(!mark().certainly_lasts(&moment("a", 0)));
        let mark = Probation { began: Some(moment("a", 100)), ..mark() };
        assert!(!mark.certainly_lasts(&moment("b", 200)));
        assert!(!mark.certainly_lasts(&moment("a", 99)), "no clock goes back");
        // A record that was written before beginnings were.
        let old = serde_json::json!({
            "run": "1", "from": mark.from, "to": mark.to, "length_ms": 1000, "served_ms": 0, "life": null,
        });
        assert!(!serde_json::from_value::<Probation>(old).unwrap().certainly_lasts(&moment("a", 200)));
    }

    #[test]
    fn what_was_seen_to_the_end_is_over_whatever_the_clock_says() {
        let mark = Probation { began: Some(moment("a", 100)), ..mark() }.having_seen(life("a", 7, 0, 1000));
        assert!(!mark.certainly_lasts(&moment("a", 1000)));
    }

    #[test]
    fn what_is_left_is_told_in_the_unit_that_fits() {
        assert_eq!([1, 119_000, 121_000, 7_200_000].map(words), ["1 s", "119 s", "3 min", "2 h"]);
    }

    proptest! {
        #[test]
        fn it_never_ends_before_its_time_was_seen(
            lives in proptest::collection::vec((0..3u8, 0..3u32, 0..500u64, 0..400u64), 0..8),
        ) {
            let mut probation = mark();
            let mut total = 0;
            for (boot, pid, since_ms, length) in lives {
                total += length;
                probation = probation.having_seen(life(&boot.to_string(), pid, since_ms, since_ms + length));
                prop_assert!(probation.left_ms() >= 1000_u64.saturating_sub(total));
            }
        }
    }
}
