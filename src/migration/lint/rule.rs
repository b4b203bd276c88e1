//! The rules: what each policy forbids, how grave it is, why, and how to write it instead.

use super::Level::{self, Error, Note, Warning};
use super::Policy::{self, Additive, Atomic, Immutable, Reversible, Sequential, Sound, Suppression};

/// One rule. A finding says what was done, then `why`.
#[derive(Debug)]
pub struct Rule {
    /// The policy that it belongs to.
    pub policy: Policy,
    /// How grave it is to break it.
    pub level: Level,
    /// Why it is there; nothing where what was done says it all.
    pub why: &'static str,
    /// How to write it instead.
    pub instead: &'static str,
}

const fn rule(policy: Policy, level: Level, why: &'static str, instead: &'static str) -> Rule {
    Rule { policy, level, why, instead }
}

const CONTRACT: &str = "let a release come out that does without it, and drop it in a later one, when no release that \
                        may still run reads it";

pub(crate) const DROPS_TABLE: Rule = rule(Additive, Error, "a release that still uses it fails", CONTRACT);
pub(crate) const DROPS_VIEW: Rule = rule(Additive, Error, "a release that still reads it fails", CONTRACT);
pub(crate) const DROPS_COLUMN: Rule = rule(Additive, Error, "a release that still uses it fails", CONTRACT);
pub(crate) const DROPS_TRIGGER: Rule =
    rule(Additive, Error, "what an older release writes lacks what the trigger did", CONTRACT);
pub(crate) const DROPS_UNIQUE_INDEX: Rule = rule(
    Additive,
    Error,
    "an upsert of an older release that names its columns fails, and rows come in that no release expects",
    CONTRACT,
);
pub(crate) const DROPS_INDEX: Rule = rule(
    Additive,
    Note,
    "an older release gets slower, and fails where it says INDEXED BY",
    "drop it when no release that may still run needs it",
);
pub(crate) const RENAMES_TABLE: Rule = rule(
    Additive,
    Error,
    "an older release knows it by its old name",
    "make the new table, let the new release write both and read the new one, and drop the old one in a later release",
);
pub(crate) const RENAMES_COLUMN: Rule = rule(
    Additive,
    Error,
    "an older release knows it by its old name",
    "add a column with the new name, let the new release write both, and drop the old one in a later release",
);
const EXPAND: &str = "add what is new beside the old (a nullable column, one with a default, a table), let the new \
                      release write both, and drop the old in a later release";
pub(crate) const REBUILDS_DIFFERENTLY: Rule =
    rule(Additive, Error, "an older release does not run on the new one", EXPAND);
pub(crate) const REBUILDS: Rule = rule(
    Additive,
    Warning,
    "its columns are as before, but its keys, checks and triggers may forbid what an older release writes",
    EXPAND,
);
pub(crate) const REQUIRES_COLUMN: Rule = rule(
    Additive,
    Error,
    "an older release writes rows without it, and SQLite refuses the column on a table with rows",
    "let it be null, or give it a default",
);
pub(crate) const CHECKS_COLUMN: Rule = rule(
    Additive,
    Warning,
    "the check binds what an older release writes too",
    "leave the check out, or give a reason why every row of an older release passes it",
);
pub(crate) const REQUIRES_COMPUTED: Rule = rule(
    Additive,
    Warning,
    "where it comes out as null, what an older release writes is refused",
    "leave NOT NULL out",
);
pub(crate) const COMPUTED_DEFAULT: Rule = rule(
    Additive,
    Error,
    "SQLite refuses such a column on a table with rows, and here the table was empty",
    "give it a constant default, or none, and set it with an UPDATE",
);
pub(crate) const FORBIDS_ROWS: Rule = rule(
    Additive,
    Error,
    "writes of an older release fail where it forbids them, and the migration fails where rows already repeat",
    "make an index that is not unique, let the new release keep the rows apart, and make it unique in a later one",
);
pub(crate) const TIGHTENS: Rule = rule(
    Additive,
    Error,
    "writes of an older release fail where it forbids them",
    "let the new release keep to it first, and make it a constraint in a later one",
);
pub(crate) const LOOSENS: Rule = rule(
    Additive,
    Warning,
    "an older release reads values that it does not expect",
    "let it out in a later release, when no older one may still run",
);
pub(crate) const ADDS_TRIGGER: Rule = rule(
    Additive,
    Warning,
    "it runs in the writes of an older release too, which fail where it fails",
    "let the new release do it in its own code, or give a reason why it is harmless",
);
pub(crate) const INSERTS: Rule = rule(
    Additive,
    Warning,
    "an older release reads rows that it did not write",
    "let the new release write them when it starts, or give a reason why an older one can live with them",
);
pub(crate) const UPDATES: Rule = rule(
    Additive,
    Error,
    "an older release reads other values than it wrote, and goes on to write the old ones",
    "add a column for the new values, and fill that",
);
pub(crate) const DELETES: Rule = rule(
    Additive,
    Error,
    "an older release misses them, and a way back without a backup does not bring them",
    "leave them, and delete them in a later release",
);

const WRITE_DOWN: &str = "write the way back: what takes every object of the up away, and brings back what it dropped";
pub(crate) const NO_DOWN: Rule =
    rule(Reversible, Error, "going down leaves the schema as it is, and the ledger says otherwise", WRITE_DOWN);
pub(crate) const EMPTY_DOWN: Rule =
    rule(Reversible, Error, "going down leaves what the up made, and the ledger says otherwise", WRITE_DOWN);
pub(crate) const ONE_WAY: Rule =
    rule(Reversible, Note, "only a backup leads back", "keep backups, or write the way back as a new migration");
pub(crate) const NO_UP: Rule =
    rule(Reversible, Error, "going up changes nothing but the ledger", "write the way up, or remove the way down");
pub(crate) const DOWN_FAILS: Rule =
    rule(Reversible, Error, "", "mend the statement: nobody gets back behind this migration");
pub(crate) const LEAVES: Rule = rule(
    Reversible,
    Error,
    "",
    "let the down take away what the up made, and bring back what it dropped, token for token",
);

pub(crate) const GAP: Rule = rule(
    Sequential,
    Error,
    "a file that is put there later is never run, or out of order, where a later one is applied",
    "number the migrations without gaps",
);
pub(crate) const LATE_START: Rule =
    rule(Sequential, Note, "what came before it is not here", "say in the file why, or begin with 1");
pub(crate) const MIXED_NUMBERS: Rule = rule(
    Sequential,
    Warning,
    "a counted migration that is added later comes before all that are named by time",
    "name all by time, or count all",
);
pub(crate) const DUPLICATE: Rule =
    rule(Sequential, Error, "which of them runs is nobody's choice", "give one of them the next free version");
pub(crate) const TOO_LARGE: Rule = rule(Sequential, Error, "", "give it the next free version");
pub(crate) const BYTEWISE: Rule = rule(
    Sequential,
    Error,
    "its engine sorts names letter by letter, so it runs in another place than its number says",
    "write all versions with as many digits",
);
pub(crate) const UNEVEN: Rule = rule(
    Sequential,
    Note,
    "listings and reviews show the files in another order than they run in",
    "write all versions with as many digits",
);
pub(crate) const BEHIND_LOCK: Rule = rule(
    Sequential,
    Error,
    "where those are applied it is never run, or out of order",
    "give it the next free version",
);
pub(crate) const NO_NAME: Rule =
    rule(Sequential, Warning, "nobody reads from it what it does", "name it by what it does, as `add_bucket_quota`");
pub(crate) const VAGUE_NAME: Rule =
    rule(Sequential, Note, "nobody reads from it what it does", "name it by what it does, as `add_bucket_quota`");
pub(crate) const TWO_NAMES: Rule =
    rule(Sequential, Warning, "one of the two files may belong to another migration", "give both the same name");
pub(crate) const NEARLY: Rule = rule(Sequential, Error, "its engine never runs it", "");
pub(crate) const PERHAPS: Rule = rule(Sequential, Note, "its engine never runs it", "");

pub(crate) const NO_LOCK: Rule = rule(
    Immutable,
    Note,
    "nobody notices when a migration that was applied is changed",
    "run `gantry-installer migrate lint --lock`, and commit the file",
);
pub(crate) const CHANGED: Rule = rule(
    Immutable,
    Error,
    "where it was applied it is never run again, and the schema there is another one",
    "put the file back as it was, and write a new migration; if it was never applied anywhere, take its line out of \
     the lock file",
);
pub(crate) const GONE: Rule = rule(
    Immutable,
    Error,
    "where it was applied nobody can go past it",
    "put the file back; if it was never applied anywhere, take its line out of the lock file",
);
pub(crate) const UNLOCKED: Rule =
    rule(Immutable, Note, "", "run `gantry-installer migrate lint --lock` when they are released or applied");
pub(crate) const BAD_LOCK: Rule = rule(
    Immutable,
    Error,
    "",
    "write `DIGEST  FILE` as `sha256sum` does, one file a line; take the lines of a merge from both sides",
);

pub(crate) const OWN_TRANSACTION: Rule = rule(
    Atomic,
    Error,
    "its engine refuses a second transaction inside its own, and where the file ends that a failure leaves half",
    "leave it out: the engine begins and commits",
);
pub(crate) const VACUUMS: Rule = rule(
    Atomic,
    Error,
    "no transaction allows it",
    "leave it to the program, or to whoever looks after the database: a migration need not compact it",
);
pub(crate) const BARE_PRAGMA: Rule = rule(
    Atomic,
    Warning,
    "it does nothing, or fails, inside a transaction",
    "set it where the program opens the database",
);
pub(crate) const NO_TRANSACTION: Rule = rule(
    Atomic,
    Warning,
    "a failure in the middle leaves half of it done, and nothing takes that back",
    "let it run in its engine's transaction, and put what cannot into a migration of its own",
);
pub(crate) const SEVERAL: Rule =
    rule(Atomic, Warning, "one cannot be taken back, or given up, without the other", "make a migration of each");
pub(crate) const SEVERAL_NEW: Rule =
    rule(Atomic, Note, "one cannot be taken back without the other", "make a migration of each");

pub(crate) const FAILS: Rule = rule(Sound, Error, "", "mend the statement; what comes after it was not judged");
pub(crate) const SYNTAX: Rule = rule(Sound, Error, "", "write it as its engine reads it; nothing else was judged");
pub(crate) const NOT_TEXT: Rule = rule(Sound, Error, "", "write the file as text in UTF-8");

pub(crate) const NO_REASON: Rule =
    rule(Suppression, Error, "nobody can tell whether it still holds", "write `-- lint: allow POLICY: REASON`");
pub(crate) const NO_POLICY: Rule =
    rule(Suppression, Error, "", "name one or more of additive, reversible, sequential and atomic");
pub(crate) const NOT_UNDERSTOOD: Rule = rule(
    Suppression,
    Error,
    "it suppresses nothing",
    "write `-- lint: allow POLICY: REASON` before a statement, or `-- lint: allow-file POLICY: REASON`",
);
pub(crate) const UNUSED: Rule = rule(Suppression, Note, "", "take it out");
