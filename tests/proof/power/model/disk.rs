//! A disk of the model: what is durable, and what happened since.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;

use super::change::{Change, Kind, Node, Place};

/// The nodes and names of a directory tree, some of it durable.
#[derive(Clone, Debug)]
pub struct Disk {
    pub root: Node,
    pub nodes: BTreeMap<Node, Inode>,
    /// The names that are durable.
    pub durable: Names,
    /// The names as the operation sees them.
    pub seen: Names,
    /// What happened to names since, in order.
    pub pending: Vec<Renaming>,
    renamings: usize,
}

/// Which node has which name.
pub type Names = BTreeMap<Node, BTreeMap<OsString, Node>>;

/// A node, apart from its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inode {
    pub kind: Kind,
    pub mode: u32,
    pub durable: Vec<u8>,
    /// What happened to the content since, in order.
    pub pending: Vec<Writing>,
}

/// A change of content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Writing {
    Bytes { offset: usize, bytes: Vec<u8> },
    Length(usize),
}

/// A change of one name. A rename is two: that which takes the old name away knows the other one by its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renaming {
    pub number: usize,
    pub at: Place,
    /// The node that has the name now; none where it went.
    pub node: Option<Node>,
    /// It cannot be durable without this one: no file system loses a file in a rename.
    pub after: Option<usize>,
}

impl Writing {
    pub fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Bytes { offset, bytes } => {
                let end = offset + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[*offset..end].copy_from_slice(bytes);
            }
            Self::Length(length) => content.resize(*length, 0),
        }
    }
}

impl Inode {
    /// Its content as the operation sees it.
    pub fn content(&self) -> Vec<u8> {
        let mut content = self.durable.clone();
        self.pending.iter().for_each(|writing| writing.apply(&mut content));
        content
    }
}

impl Disk {
    /// An empty one.
    pub fn new(root: Node, mode: u32) -> Self {
        let node = Inode { kind: Kind::Directory, mode, durable: Vec::new(), pending: Vec::new() };
        let names = Names::from([(root, BTreeMap::new())]);
        Self {
            root,
            nodes: [(root, node)].into(),
            durable: names.clone(),
            seen: names,
            pending: Vec::new(),
            renamings: 0,
        }
    }

    /// Lets one thing happen.
    pub fn happen(&mut self, change: &Change) {
        match change {
            Change::Make { at, node, kind, mode } => {
                let made = Inode { kind: kind.clone(), mode: *mode, durable: Vec::new(), pending: Vec::new() };
                self.nodes.insert(*node, made);
                if *kind == Kind::Directory {
                    self.seen.insert(*node, BTreeMap::new());
                    self.durable.insert(*node, BTreeMap::new());
                }
                self.name(at, Some(*node), None);
            }
            Change::Link { at, node } => drop(self.name(at, Some(*node), None)),
            Change::Unlink { at } => drop(self.name(at, None, None)),
            Change::Rename { from, to } => {
                let node = self.seen[&from.directory][&from.name];
                // Two names of one node: nothing happens, in silence.
                if self.seen[&to.directory].get(&to.name) != Some(&node) {
                    let there = self.name(to, Some(node), None);
                    self.name(from, None, Some(there));
                }
            }
            Change::Write { node, offset, bytes } => {
                let offset = usize::try_from(*offset).unwrap();
                self.write(*node, Writing::Bytes { offset, bytes: bytes.clone() });
            }
            Change::Resize { node, length } => self.write(*node, Writing::Length(usize::try_from(*length).unwrap())),
            Change::Mode { node, mode } => self.nodes.get_mut(node).unwrap().mode = *mode,
            Change::Sync { node } => self.sync(*node),
            Change::SyncAll => {
                let nodes: Vec<Node> = self.nodes.keys().copied().collect();
                nodes.into_iter().for_each(|node| self.sync(node));
            }
        }
    }

    fn name(&mut self, at: &Place, node: Option<Node>, after: Option<usize>) -> usize {
        let number = self.renamings;
        self.renamings += 1;
        let renaming = Renaming { number, at: at.clone(), node, after };
        renaming.apply(&mut self.seen);
        self.pending.push(renaming);
        number
    }

    fn write(&mut self, node: Node, writing: Writing) {
        self.nodes.get_mut(&node).unwrap().pending.push(writing);
    }

    fn sync(&mut self, node: Node) {
        let inode = self.nodes.get_mut(&node).unwrap();
        inode.durable = inode.content();
        inode.pending.clear();
        let chosen = self.pending.iter().filter(|one| one.at.directory == node).map(|one| one.number).collect();
        let chosen = self.complete(chosen);
        self.pending.retain(|one| {
            let stays = chosen.binary_search(&one.number).is_err();
            if !stays {
                one.apply(&mut self.durable);
            }
            stays
        });
    }

    /// These changes of names, and those that each of them cannot be without: whatever came before to the same name, and
    /// the other half of a rename. In order.
    pub fn complete(&self, chosen: Vec<usize>) -> Vec<usize> {
        let mut whole: BTreeSet<usize> = chosen.into_iter().collect();
        loop {
            let before = whole.len();
            for one in self.pending.iter().rev() {
                let mut later =
                    self.pending.iter().filter(|later| later.number > one.number && whole.contains(&later.number));
                let is_needed = later.any(|later| later.at == one.at || later.after == Some(one.number));
                // A file may be left with both of its names; a directory never has two.
                let is_half = one.after.is_some_and(|other| whole.contains(&other)) && self.moves_a_directory(one);
                if is_needed || is_half {
                    whole.insert(one.number);
                }
            }
            if whole.len() == before {
                return whole.into_iter().collect();
            }
        }
    }

    fn moves_a_directory(&self, taken: &Renaming) -> bool {
        let other = self.pending.iter().find(|one| Some(one.number) == taken.after);
        let node = other.and_then(|other| self.nodes.get(&other.node?));
        node.is_some_and(|node| node.kind == Kind::Directory)
    }
}

impl Renaming {
    pub fn apply(&self, names: &mut Names) {
        let directory = names.get_mut(&self.at.directory).unwrap();
        match self.node {
            Some(node) => directory.insert(self.at.name.clone(), node),
            None => directory.remove(&self.at.name),
        };
    }
}
