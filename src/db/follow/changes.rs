//! The pages in which a copy may differ from the live database, and where their content is.

use std::collections::BTreeMap;

/// Where the newest content of a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// In this frame of the log.
    Frame(u32),
    /// In the main file, into which its generation of the log was written before it ended.
    Main,
}

/// Pages that were written since they were copied last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes(BTreeMap<u32, Content>);

impl Changes {
    /// A page was written in a frame.
    pub(crate) fn record(&mut self, page: u32, frame: u32) {
        self.0.insert(page, Content::Frame(frame));
    }

    /// The log begins again, and all its frames are in the main file.
    pub(crate) fn begin_again(&mut self) {
        self.0.values_mut().for_each(|content| *content = Content::Main);
    }

    /// The first `count` pages that the database still has, in their order.
    pub(crate) fn first(&self, count: usize, pages: u32) -> Vec<(u32, Content)> {
        self.0.range(..=pages).take(count).map(|(page, content)| (*page, *content)).collect()
    }

    /// These were copied.
    pub(crate) fn forget(&mut self, copied: &[(u32, Content)]) {
        for (page, _) in copied {
            self.0.remove(page);
        }
    }

    /// The database has no more than so many pages: what was behind them is gone.
    pub(crate) fn cut(&mut self, pages: u32) {
        let _ = self.0.split_off(&pages.saturating_add(1));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_page_is_copied_once_from_where_it_was_written_last(
            steps in prop::collection::vec(prop_oneof![9 => (1u32..20).prop_map(Some), 1 => Just(None)], 0..100),
            pages in 0u32..20,
        ) {
            let mut changes = Changes::default();
            let mut expected: Vec<Option<Content>> = vec![None; 20];
            let mut frame = 0;
            for step in steps {
                match step {
                    Some(page) => {
                        frame += 1;
                        changes.record(page, frame);
                        expected[page as usize] = Some(Content::Frame(frame));
                    }
                    None => {
                        changes.begin_again();
                        frame = 0;
                        expected.iter_mut().flatten().for_each(|content| *content = Content::Main);
                    }
                }
            }
            let expected: Vec<_> =
                (1..=pages).filter_map(|page| Some((page, (*expected.get(page as usize)?)?))).collect();
            changes.cut(pages);
            let mut found: Vec<(u32, Content)> = Vec::new();
            while let some @ [_, ..] = &changes.first(3, pages)[..] {
                changes.forget(some);
                found.extend(some);
            }
            prop_assert_eq!(changes, Changes::default());
            prop_assert_eq!(found, expected);
        }
    }
}
