//! The names in an archive: they stay inside, none comes twice, and nothing lies below a file or a symlink.

use std::collections::HashMap;

use crate::digest::Sha256;
use crate::verify::Limits;
use crate::verify::unpack::Fault;

/// Components that are looked at to find where a symlink leads.
const STEPS: usize = 1024;

/// All names so far, without the directory at the top.
pub(super) struct Names<'a> {
    limits: &'a Limits,
    top: Option<String>,
    /// By the digests of the names, so that the memory does not depend on their length.
    nodes: HashMap<Sha256, Node>,
    links: Vec<(String, String)>,
}

/// What has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// A directory that no entry names, but that one lies in.
    Implied,
    Directory,
    File,
    /// A symlink, and where it leads.
    Link(String),
}

/// Where an entry goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Directories that must be made first, in this order.
    pub(super) missing: Vec<String>,
    /// Its path below the top; none where it is there already.
    pub(super) path: Option<String>,
}

impl<'a> Names<'a> {
    pub(super) fn new(limits: &'a Limits) -> Self {
        Self { limits, top: None, nodes: HashMap::new(), links: Vec::new() }
    }

    /// Takes the next name.
    pub(super) fn add(&mut self, name: &[u8], node: Node) -> Result<Place, Fault> {
        let parts = self.components(name)?;
        let refuse = |reason| Fault::Name { name: show(name), reason };
        let (top, below) = parts.split_first().ok_or_else(|| refuse("it names nothing"))?;
        if self.top.get_or_insert_with(|| (*top).to_owned()) != top {
            return Err(refuse("there is more than one directory at the top"));
        }
        if below.is_empty() && node != Node::Directory {
            return Err(refuse("it is not in a directory at the top"));
        }
        let mut missing = Vec::new();
        for length in 1..below.len() {
            let parent = below.get(..length).unwrap_or_default().join("/");
            match self.node(&parent) {
                None => {
                    self.insert(&parent, Node::Implied)?;
                    missing.push(parent);
                }
                Some(Node::Implied | Node::Directory) => {}
                Some(Node::File) => return Err(refuse("it lies below a file")),
                Some(Node::Link(_)) => return Err(refuse("it lies below a symlink")),
            }
        }
        let path = below.join("/");
        match (self.node(&path), &node) {
            (None, Node::Link(target)) => self.add_link(&path, target)?,
            (None, _) => {}
            (Some(Node::Implied), Node::Directory) => {
                self.nodes.insert(Sha256::of(path.as_bytes()), node);
                return Ok(Place { missing, path: None });
            }
            (Some(_), _) => return Err(refuse("it comes twice")),
        }
        self.insert(&path, node)?;
        Ok(Place { missing, path: Some(path).filter(|path| !path.is_empty()) })
    }

    /// The name of the directory at the top, once an entry named it.
    pub(super) fn top(&self) -> Option<&str> {
        self.top.as_deref()
    }

    /// All symlinks and where they lead, each of which ends at something inside.
    pub(super) fn links(&self) -> Result<&[(String, String)], Fault> {
        for (name, target) in &self.links {
            self.follow(name, target).map_err(|reason| Fault::Link {
                name: show(name.as_bytes()),
                target: show(target.as_bytes()),
                reason,
            })?;
        }
        Ok(&self.links)
    }

    fn components<'n>(&self, name: &'n [u8]) -> Result<Vec<&'n str>, Fault> {
        let refuse = |reason| Fault::Name { name: show(name), reason };
        let text = str::from_utf8(name).map_err(|_| refuse("it is not UTF-8"))?;
        if text.len() > self.limits.path_bytes {
            return Err(refuse("it is too long"));
        }
        if text.starts_with('/') {
            return Err(refuse("it is absolute"));
        }
        if text.chars().any(char::is_control) {
            return Err(refuse("it has control characters"));
        }
        let parts: Vec<_> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        if parts.contains(&"..") {
            return Err(refuse("it leads outside"));
        }
        if parts.len() > self.limits.depth {
            return Err(refuse("it is too deep"));
        }
        if parts.iter().any(|part| part.len() > 255) {
            return Err(refuse("a part of it is too long"));
        }
        Ok(parts)
    }

    fn add_link(&mut self, path: &str, target: &str) -> Result<(), Fault> {
        let wrong = target.is_empty() || target.starts_with('/') || target.chars().any(char::is_control);
        if wrong || target.len() > self.limits.path_bytes {
            let (name, target) = (show(path.as_bytes()), show(target.as_bytes()));
            return Err(Fault::Link { name, target, reason: "it is not a relative path" });
        }
        if self.links.len() >= self.limits.links {
            return Err(Fault::Limit { what: "symlinks", limit: self.limits.links as u64 });
        }
        self.links.push((path.to_owned(), target.to_owned()));
        Ok(())
    }

    /// Goes where a symlink leads, as the kernel would: through other symlinks too, after which `..` is another place.
    fn follow(&self, name: &str, target: &str) -> Result<(), &'static str> {
        let mut here: Vec<&str> = name.split('/').collect();
        here.pop();
        let mut ahead: Vec<&str> = target.split('/').rev().collect();
        let mut steps = 0;
        while let Some(part) = ahead.pop() {
            steps += 1;
            if steps > STEPS {
                return Err("it leads in a circle");
            }
            match part {
                "" | "." => continue,
                ".." => {
                    here.pop().ok_or("it leads outside")?;
                    continue;
                }
                part => here.push(part),
            }
            match self.node(&here.join("/")) {
                None => return Err("it leads to nothing"),
                Some(Node::File) if !ahead.is_empty() => return Err("it leads below a file"),
                Some(Node::Link(target)) => {
                    here.pop();
                    ahead.extend(target.split('/').rev());
                }
                Some(Node::File | Node::Directory | Node::Implied) => {}
            }
        }
        Ok(())
    }

    fn node(&self, path: &str) -> Option<&Node> {
        self.nodes.get(&Sha256::of(path.as_bytes()))
    }

    fn insert(&mut self, path: &str, node: Node) -> Result<(), Fault> {
        if self.nodes.len() as u64 >= self.limits.entries {
            return Err(Fault::Limit { what: "entries", limit: self.limits.entries });
        }
        self.nodes.insert(Sha256::of(path.as_bytes()), node);
        Ok(())
    }
}

/// The beginning of a name, without what a terminal would act upon.
pub(super) fn show(name: &[u8]) -> String {
    String::from_utf8_lossy(name).chars().take(200).flat_map(char::escape_debug).collect()
}
