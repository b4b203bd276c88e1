//! The keys of a product that migrates its database itself.

use super::raw::RawDatabase;
use super::{Fault, Format, Migrator};

impl RawDatabase {
    /// The product's own migrator, if that is its format; else all that is wrong with its keys.
    pub(super) fn migrator(&self) -> Result<Option<Migrator>, Vec<Fault>> {
        let keys = [("database.up", &self.up), ("database.version", &self.version)];
        if self.format != Format::Command.name() {
            // A name that is none of them has been told of already, and says nothing of the other keys.
            if Format::named(&self.format).is_none() {
                return Ok(None);
            }
            let written = keys.into_iter().filter(|(_, words)| words.is_some());
            let needs = |(key, _)| Fault::new(key, format!("`{key}` needs `database.format = \"command\"`"));
            let faults: Vec<Fault> = written.map(needs).collect();
            return if faults.is_empty() { Ok(None) } else { Err(faults) };
        }
        let mut faults = Vec::new();
        if self.table.is_some() {
            let message = "`database.table` is of no use with `database.format = \"command\"`: the program keeps its own \
                           account";
            faults.push(Fault::new("database.table", message));
        }
        for (key, words) in keys {
            let words = words.as_deref().unwrap_or_default();
            if words.first().is_none_or(String::is_empty) || !words.iter().any(|word| word.contains("{database}")) {
                let message = format!(
                    "`database.format = \"command\"` needs `{key}`: a program and its arguments, with {{database}} among them"
                );
                faults.push(Fault::new(if words.is_empty() { "database.format" } else { key }, message));
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let words = |words: &Option<Vec<String>>| words.clone().unwrap_or_default();
        Ok(Some(Migrator { up: words(&self.up), version: words(&self.version) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn migrator(more: &str) -> Result<Option<Migrator>, String> {
        let raw: RawDatabase = toml::from_str(&format!("url = \"sqlite:/data/notes.db\"\n{more}")).unwrap();
        raw.migrator().map_err(|faults| faults.into_iter().map(|fault| fault.message).collect::<Vec<_>>().join("; "))
    }

    const UP: &str = "up = [\"{binary}\", \"migrate\", \"{database}\"]";
    const VERSION: &str = "version = [\"{binary}\", \"schema\", \"--db={database}\"]";

    #[test]
    fn both_commands_are_needed_and_name_the_database() {
        let both = migrator(&format!("format = \"command\"\n{UP}\n{VERSION}")).unwrap().unwrap();
        assert_eq!((both.up.len(), both.version[2].as_str()), (3, "--db={database}"));
        let words = |more: &str| migrator(more).unwrap_err();
        assert!(words(&format!("format = \"command\"\n{UP}")).contains("needs `database.version`"));
        assert!(
            words(&format!("format = \"command\"\nup = [\"x\"]\n{VERSION}")).contains("with {database} among them")
        );
        assert!(words(&format!("format = \"command\"\ntable = \"t\"\n{UP}\n{VERSION}")).contains("`database.table`"));
    }

    #[test]
    fn a_format_with_files_takes_no_commands() {
        assert_eq!(migrator("format = \"goose\"").unwrap(), None);
        let refused = migrator(&format!("format = \"goose\"\n{VERSION}")).unwrap_err();
        assert_eq!(refused, "`database.version` needs `database.format = \"command\"`");
    }
}
