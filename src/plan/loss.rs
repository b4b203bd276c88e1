//! What would be lost, in rows and columns by table.

use serde::{Deserialize, Serialize};

/// What going back would lose, counted and not described. The keys are those of the reports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// Rows of all tables.
    pub rows: u64,
    /// The tables that lose something, by name.
    pub tables: Vec<TableLoss>,
    /// What could not be compared, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// What one table loses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableLoss {
    /// The table, as the live database spells it.
    pub name: String,
    /// Rows that exist now and would not any more.
    pub inserted: u64,
    /// Rows that would have other values.
    pub changed: u64,
    /// With `restore`: rows that were deleted and would come back. With `down`: rows that would be missing.
    pub deleted: u64,
    /// Inserted, changed and deleted together.
    pub rows: u64,
    /// The columns that would go.
    pub columns: Vec<ColumnLoss>,
}

/// A column that would go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnLoss {
    /// The column.
    pub name: String,
    /// How many values that are not null it has.
    pub values: u64,
}

/// Where a loss goes beyond what was agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excess {
    /// The table.
    pub table: String,
    /// The column, or none where rows are meant.
    pub column: Option<String>,
}

impl Loss {
    /// A loss of the given tables; those that lose nothing are left out.
    pub fn of(tables: impl IntoIterator<Item = TableLoss>, notes: Vec<String>) -> Self {
        let mut tables: Vec<_> = tables.into_iter().map(TableLoss::counted).filter(|table| !table.is_empty()).collect();
        tables.sort_by(|left, right| left.name.cmp(&right.name));
        Self { rows: tables.iter().map(|table| table.rows).sum(), tables, notes }
    }

    /// Whether nothing would be lost.
    pub fn is_empty(&self) -> bool {
        self.tables.iter().all(TableLoss::is_empty)
    }

    /// The first table or column that loses something here and was not said to in `shown`. More rows of a table that
    /// was shown are no excess.
    pub fn exceeds(&self, shown: &Self) -> Option<Excess> {
        self.tables.iter().find_map(|table| {
            let agreed = shown.tables.iter().find(|other| other.name.eq_ignore_ascii_case(&table.name));
            if table.rows > 0 && agreed.is_none_or(|agreed| agreed.rows == 0) {
                return Some(Excess { table: table.name.clone(), column: None });
            }
            let column = table.columns.iter().find(|column| {
                let named = |other: &&ColumnLoss| other.name.eq_ignore_ascii_case(&column.name);
                let agreed = agreed.and_then(|agreed| agreed.columns.iter().find(named));
                column.values > 0 && agreed.is_none_or(|agreed| agreed.values == 0)
            })?;
            Some(Excess { table: table.name.clone(), column: Some(column.name.clone()) })
        })
    }
}

impl TableLoss {
    fn counted(mut self) -> Self {
        self.rows = self.inserted + self.changed + self.deleted;
        self.columns.retain(|column| column.values > 0);
        self
    }

    fn is_empty(&self) -> bool {
        self.rows == 0 && self.columns.iter().all(|column| column.values == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, inserted: u64, columns: &[(&str, u64)]) -> TableLoss {
        let column = |&(name, values): &(&str, u64)| ColumnLoss { name: name.to_owned(), values };
        let columns = columns.iter().map(column).collect();
        TableLoss { name: name.to_owned(), inserted, columns, ..TableLoss::default() }
    }

    #[test]
    fn a_loss_is_written_with_the_keys_of_the_reports() {
        let loss = Loss::of([table("users", 2, &[("email", 3), ("empty", 0)]), table("kept", 0, &[])], Vec::new());
        let text = serde_json::to_string(&loss).unwrap();
        let expected = r#"{"rows":2,"tables":[{"name":"users","inserted":2,"changed":0,"deleted":0,"rows":2,"columns":[{"name":"email","values":3}]}]}"#;
        assert_eq!(text, expected);
        assert_eq!(serde_json::from_str::<Loss>(&text).unwrap(), loss);
    }

    #[test]
    fn nothing_lost_is_empty_whatever_could_not_be_compared() {
        assert!(Loss::of([table("users", 0, &[("email", 0)])], vec!["a note".to_owned()]).is_empty());
        assert!(!Loss::of([table("users", 0, &[("email", 1)])], Vec::new()).is_empty());
    }

    #[test]
    fn only_a_table_or_a_column_that_was_not_shown_goes_beyond_it() {
        let shown = Loss::of([table("users", 1, &[("email", 1)]), table("notes", 0, &[("text", 1)])], Vec::new());
        let beyond = |table: TableLoss| Loss::of([table], Vec::new()).exceeds(&shown);
        let excess = |table: &str, column: Option<&str>| {
            Some(Excess { table: table.to_owned(), column: column.map(str::to_owned) })
        };
        assert_eq!(beyond(table("Users", 900, &[("Email", 900)])), None);
        assert_eq!(beyond(table("notes", 1, &[])), excess("notes", None));
        assert_eq!(beyond(table("other", 1, &[])), excess("other", None));
        assert_eq!(beyond(table("users", 1, &[("phone", 1)])), excess("users", Some("phone")));
    }
}
