//! What a database must have, from the logs alone.

use std::collections::{HashMap, HashSet};

use crate::log::{Entry, Kind};

/// What is known of one key: bucket and key.
pub type Subject = (String, String);

/// What the acknowledgements promise.
#[derive(Debug, Default)]
pub struct Expected {
    /// Ids of buckets.
    pub buckets: HashSet<String>,
    /// The objects of each key that was written.
    pub keys: HashMap<Subject, Promise>,
}

/// What is promised of one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Promise {
    /// Ids of objects that have rows, the newest last.
    pub objects: Vec<String>,
    /// Whether an unanswered write came after the newest: then another object may be the committed one.
    pub may_be_replaced: bool,
    /// Whether an unanswered delete came after the newest: then there may be no row.
    pub may_be_deleted: bool,
    /// Whether the last acknowledged write deleted it, and nothing unanswered came after: then there is no row.
    pub is_deleted: bool,
}

impl Expected {
    /// From what was acknowledged, and what was sent without an answer.
    pub fn from_logs(acknowledged: Vec<Entry>, maybe: Vec<Entry>) -> Self {
        let certain = acknowledged.into_iter().map(|entry| (entry, Answer::Acknowledged));
        let uncertain = maybe.into_iter().map(|entry| (entry, Answer::None));
        let mut entries: Vec<_> = certain.chain(uncertain).collect();
        entries.sort_by_key(|(entry, _)| entry.number);
        let mut expected = Self::default();
        for (entry, answer) in entries {
            expected.add(entry, answer);
        }
        expected
    }

    fn add(&mut self, entry: Entry, answer: Answer) {
        if entry.kind == Kind::Bucket {
            self.buckets.insert(entry.id);
            return;
        }
        let promise = self.keys.entry((entry.bucket, entry.key)).or_default();
        match (answer, entry.kind) {
            (Answer::Acknowledged, Kind::Delete) => *promise = Promise { is_deleted: true, ..Promise::default() },
            (Answer::Acknowledged, _) => {
                // An unanswered delete may have removed the earlier ones.
                if promise.may_be_deleted {
                    promise.objects.clear();
                }
                promise.objects.push(entry.id);
                (promise.may_be_replaced, promise.may_be_deleted, promise.is_deleted) = (false, false, false);
            }
            (Answer::None, Kind::Delete) => promise.may_be_deleted = true,
            (Answer::None, _) => (promise.may_be_replaced, promise.is_deleted) = (true, false),
        }
    }
}

enum Answer {
    Acknowledged,
    None,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u64, kind: Kind, id: &str) -> Entry {
        let text = String::from;
        Entry { number, kind, bucket: text("b"), key: text("k"), id: text(id), etag: text("-") }
    }

    fn promise(acknowledged: Vec<Entry>, maybe: Vec<Entry>) -> Promise {
        Expected::from_logs(acknowledged, maybe).keys.remove(&(String::from("b"), String::from("k"))).unwrap()
    }

    #[test]
    fn every_acknowledged_object_of_a_key_is_expected_in_order() {
        let seen = promise(vec![entry(2, Kind::Put, "second"), entry(1, Kind::Put, "first")], vec![]);
        assert_eq!(seen, Promise { objects: vec!["first".into(), "second".into()], ..Promise::default() });
    }

    #[test]
    fn an_acknowledged_delete_expects_no_object() {
        let seen = promise(vec![entry(1, Kind::Put, "first"), entry(2, Kind::Delete, "-")], vec![]);
        assert_eq!(seen, Promise { is_deleted: true, ..Promise::default() });
    }

    #[test]
    fn after_an_unanswered_delete_an_earlier_object_may_be_gone_and_a_later_one_not() {
        let first = entry(1, Kind::Put, "first");
        let unanswered = entry(2, Kind::Delete, "-");
        assert!(promise(vec![first.clone()], vec![unanswered.clone()]).may_be_deleted);
        let seen = promise(vec![first, entry(3, Kind::Put, "third")], vec![unanswered]);
        assert_eq!(seen, Promise { objects: vec!["third".into()], ..Promise::default() });
    }
}
