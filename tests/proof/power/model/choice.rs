//! Which of the things that may be lost are.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::change::Node;
use super::disk::{Disk, Inode, Names, Renaming, Writing};
use crate::power::dice::Dice;

/// What a power cut left: the names, and what is in each file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    pub names: Names,
    pub content: BTreeMap<Node, Vec<u8>>,
}

/// A disk writes this much of a file, or nothing of it.
const PAGE: usize = 4096;

impl Left {
    /// All that was never synced is lost.
    pub fn least(disk: &Disk) -> Self {
        Self { names: disk.durable.clone(), content: each(disk, |inode| inode.durable.clone()) }
    }

    /// Nothing is.
    pub fn most(disk: &Disk) -> Self {
        Self { names: disk.seen.clone(), content: each(disk, Inode::content) }
    }

    /// Names and content go each their own way.
    pub fn some(disk: &Disk, dice: &mut Dice) -> Self {
        Self { names: some_names(disk, dice), content: each(disk, |inode| some_content(inode, dice)) }
    }

    /// Two of one number are one state.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.names.hash(&mut hasher);
        self.content.hash(&mut hasher);
        hasher.finish()
    }
}

fn each(disk: &Disk, content: impl FnMut(&Inode) -> Vec<u8>) -> BTreeMap<Node, Vec<u8>> {
    disk.nodes.keys().copied().zip(disk.nodes.values().map(content)).collect()
}

fn some_names(disk: &Disk, dice: &mut Dice) -> Names {
    let pending = &disk.pending;
    let first = |dice: &mut Dice, some: &[&Renaming]| {
        some.iter().take(dice.below(some.len() + 1)).map(|one| one.number).collect::<Vec<_>>()
    };
    let all: Vec<&Renaming> = pending.iter().collect();
    let chosen = match dice.below(4) {
        0 => Vec::new(),
        // As a journal has it: up to a moment.
        1 => first(dice, &all),
        // Directory by directory.
        2 => {
            let mut directories: BTreeMap<Node, Vec<&Renaming>> = BTreeMap::new();
            all.iter().for_each(|one| directories.entry(one.at.directory).or_default().push(one));
            directories.values().flat_map(|some| first(dice, some)).collect()
        }
        // Name by name.
        _ => all.iter().filter(|_| dice.toss()).map(|one| one.number).collect(),
    };
    let mut names = disk.durable.clone();
    let chosen = disk.complete(chosen);
    pending.iter().filter(|one| chosen.binary_search(&one.number).is_ok()).for_each(|one| one.apply(&mut names));
    names
}

fn some_content(inode: &Inode, dice: &mut Dice) -> Vec<u8> {
    let mut content = inode.durable.clone();
    if inode.pending.is_empty() {
        return content;
    }
    match dice.below(5) {
        0 => {}
        1 => return inode.content(),
        // Up to a moment, which tears the last write.
        2 => {
            let count = dice.below(inode.pending.len());
            inode.pending[..count].iter().for_each(|writing| writing.apply(&mut content));
            match &inode.pending[count] {
                Writing::Bytes { offset, bytes } => {
                    let bytes = bytes[..dice.below(bytes.len() + 1)].to_vec();
                    Writing::Bytes { offset: *offset, bytes }.apply(&mut content);
                }
                length @ Writing::Length(_) => length.apply(&mut content),
            }
        }
        // The length is there, and the blocks never came.
        3 => content.resize(inode.content().len(), 0),
        // Any pages of any writes.
        _ => inode.pending.iter().for_each(|writing| match writing {
            Writing::Bytes { offset, bytes } => pages(*offset, bytes)
                .filter(|_| dice.toss())
                .for_each(|(offset, bytes)| Writing::Bytes { offset, bytes: bytes.to_owned() }.apply(&mut content)),
            length @ Writing::Length(_) => {
                if dice.toss() {
                    length.apply(&mut content);
                }
            }
        }),
    }
    content
}

fn pages(offset: usize, bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let first = (PAGE - offset % PAGE).min(bytes.len());
    let (head, rest) = bytes.split_at(first);
    let rest = rest.chunks(PAGE).enumerate().map(move |(number, page)| (offset + first + number * PAGE, page));
    std::iter::once((offset, head)).chain(rest)
}
