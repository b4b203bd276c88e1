//! What an older release knows of a schema, followed from migration to migration.

use std::collections::{BTreeMap, BTreeSet};

use super::account::{Column, Deed, Kind};

/// The objects of a schema, by their names in ASCII lower case.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    tables: BTreeMap<String, BTreeMap<String, Column>>,
    others: BTreeSet<(Kind, String)>,
    /// The indexes and triggers of each table, which go with it.
    belongings: BTreeMap<String, BTreeSet<(Kind, String)>>,
}

impl Known {
    /// Whether there is such an object.
    pub(super) fn has(&self, kind: Kind, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        match kind {
            Kind::Table => self.tables.contains_key(&name),
            _ => self.others.contains(&(kind, name)),
        }
    }

    /// The columns of a table by their names in lower case, if there is such a table.
    pub(super) fn columns(&self, table: &str) -> Option<&BTreeMap<String, Column>> {
        self.tables.get(&table.to_ascii_lowercase())
    }

    /// Whether a table has such a column.
    pub(super) fn has_column(&self, table: &str, column: &str) -> bool {
        self.columns(table).is_some_and(|columns| columns.contains_key(&column.to_ascii_lowercase()))
    }

    /// Takes over what a statement did.
    pub(super) fn learn(&mut self, deed: &Deed) {
        match deed {
            Deed::CreatesTable { table, columns } => {
                let columns = columns.iter().map(|column| (column.name.to_ascii_lowercase(), column.clone()));
                self.tables.insert(table.to_ascii_lowercase(), columns.collect());
            }
            Deed::CreatesIndex { index, table, .. } => self.add(Kind::Index, index, Some(table)),
            Deed::CreatesView { view } => self.add(Kind::View, view, None),
            Deed::CreatesTrigger { trigger, table } => self.add(Kind::Trigger, trigger, Some(table)),
            Deed::Drops { kind, name, .. } => self.forget(*kind, name),
            Deed::RenamesTable { from, to } => {
                let (from, to) = (from.to_ascii_lowercase(), to.to_ascii_lowercase());
                if let Some(columns) = self.tables.remove(&from) {
                    self.tables.insert(to.clone(), columns);
                }
                if let Some(belongings) = self.belongings.remove(&from) {
                    self.belongings.insert(to, belongings);
                }
            }
            Deed::AddsColumn { table, column, .. } => {
                if let Some(columns) = self.tables.get_mut(&table.to_ascii_lowercase()) {
                    columns.insert(column.name.to_ascii_lowercase(), column.clone());
                }
            }
            Deed::DropsColumn { table, column } => {
                if let Some(columns) = self.tables.get_mut(&table.to_ascii_lowercase()) {
                    columns.remove(&column.to_ascii_lowercase());
                }
            }
            Deed::RenamesColumn { table, from, to } => {
                let columns = self.tables.get_mut(&table.to_ascii_lowercase());
                if let Some((columns, mut column)) = columns
                    .and_then(|columns| columns.remove(&from.to_ascii_lowercase()).map(|column| (columns, column)))
                {
                    to.clone_into(&mut column.name);
                    columns.insert(to.to_ascii_lowercase(), column);
                }
            }
            Deed::Constrains { .. } | Deed::Inserts { .. } | Deed::Updates { .. } | Deed::Deletes { .. } => {}
        }
    }

    /// Takes an object away, with all that belongs to it.
    pub(super) fn forget(&mut self, kind: Kind, name: &str) {
        let name = name.to_ascii_lowercase();
        if matches!(kind, Kind::Table | Kind::View) {
            self.tables.remove(&name);
            for belonging in self.belongings.remove(&name).unwrap_or_default() {
                self.others.remove(&belonging);
            }
        }
        self.others.remove(&(kind, name));
    }

    fn add(&mut self, kind: Kind, name: &str, table: Option<&String>) {
        let object = (kind, name.to_ascii_lowercase());
        if let Some(table) = table {
            self.belongings.entry(table.to_ascii_lowercase()).or_default().insert(object.clone());
        }
        self.others.insert(object);
    }
}
