//! Compares a mapping with the two schemas that it leads from and to.

use super::{Columns, Into, Mapping, OldTable, Rows, Shape};

pub(super) fn check(mapping: &Mapping, old: &Shape, new: &Shape) -> Vec<String> {
    let mut wrong = Vec::new();
    for (table, columns) in &old.tables {
        let found = mapping.tables.iter().find(|known| known.name.eq_ignore_ascii_case(table));
        match found {
            None => wrong.push(format!("the old table `{table}` is neither carried nor dropped")),
            Some(known) => unaccounted(known, columns, &mut wrong),
        }
    }
    for table in &mapping.tables {
        match old.table(&table.name) {
            None => wrong.push(format!("the old table `{}` is named and not there", table.name)),
            Some((_, columns)) => named(table, columns, new, &mut wrong),
        }
    }
    for made in mapping.made.iter().filter(|made| new.table(&made.table).is_none()) {
        wrong.push(format!("the new table `{}` is named and not there", made.table));
    }
    for table in new.tables.keys() {
        told_apart(mapping, table, &mut wrong);
    }
    wrong
}

/// Every column that holds values must be somewhere.
fn unaccounted(table: &OldTable, columns: &Columns, wrong: &mut Vec<String>) {
    if table.dropped.is_some() {
        return;
    }
    let given_up = |column: &str| table.without.keys().any(|known| known.eq_ignore_ascii_case(column));
    for column in columns.kept.iter().filter(|column| !given_up(column)) {
        if !table.into.iter().any(|into| carries(into, column)) {
            wrong.push(format!("the old column `{}.{column}` is neither carried nor dropped", table.name));
        } else if let Some(into) = lost_in(table, column) {
            wrong.push(format!(
                "the old column `{}.{column}` is not carried with the rows that go into `{}`: carry it there too, or give the \
                 reason in `without`",
                table.name, into.table
            ));
        }
    }
}

/// The first part of a split that does not carry a column which no target of all rows carries.
fn lost_in<'a>(table: &'a OldTable, column: &str) -> Option<&'a Into> {
    let (all, parts): (Vec<_>, Vec<_>) = table.into.iter().partition(|into| into.condition.is_none());
    if all.into_iter().any(|into| carries(into, column)) {
        return None;
    }
    parts.into_iter().find(|into| !carries(into, column))
}

fn carries(into: &Into, column: &str) -> bool {
    into.same.keys().chain(into.changed.keys()).any(|known| known.eq_ignore_ascii_case(column))
}

/// Every name must be there.
fn named(table: &OldTable, columns: &Columns, new: &Shape, wrong: &mut Vec<String>) {
    let old = &table.name;
    for column in table.without.keys() {
        if !columns.has(column) {
            wrong.push(format!("the old column `{old}.{column}` is named and not there"));
        }
        if table.into.iter().any(|into| carries(into, column)) && lost_in(table, column).is_none() {
            wrong.push(format!("the old column `{old}.{column}` is both carried and dropped"));
        }
    }
    for into in &table.into {
        let target = new.table(&into.table);
        if target.is_none() {
            wrong.push(format!("the new table `{}` is named and not there", into.table));
        }
        for (column, becomes) in into.same.iter().chain(&into.changed) {
            if !columns.has(column) {
                wrong.push(format!("the old column `{old}.{column}` is named and not there"));
            }
            if target.is_some_and(|(_, columns)| !columns.has(becomes)) {
                wrong.push(format!("the new column `{}.{becomes}` is named and not there", into.table));
            }
        }
    }
    if table.left.is_some() && table.into.iter().any(|into| into.condition.is_none()) {
        wrong.push(format!("all rows of `{old}` are carried: `left` has nothing to give a reason for"));
    }
}

/// Values can be compared only where it is known which rows they stand in.
fn told_apart(mapping: &Mapping, table: &str, wrong: &mut Vec<String>) {
    let untold: Vec<(&OldTable, &Into)> = mapping
        .carried_into(table)
        .filter(|(_, into)| into.rows != Rows::Parts && into.told_by.is_none() && !into.same.is_empty())
        .collect();
    let Some(((first, one), others)) = untold.split_first() else { return };
    let columns = |into: &Into| {
        let mut columns: Vec<String> = into.same.values().map(|column| column.to_ascii_lowercase()).collect();
        columns.sort();
        columns
    };
    for (other, into) in others.iter().filter(|(_, into)| columns(into) != columns(one)) {
        wrong.push(format!(
            "`{}` and `{}` carry different columns of `{}`: say by `told_by` which rows come from which",
            first.name, other.name, into.table
        ));
    }
    let more = mapping.carried_into(table).any(|(_, into)| {
        matches!(into.rows, Rows::Counted(_))
            || (into.rows == Rows::Each && (into.told_by.is_some() || into.same.is_empty()))
    });
    if more || mapping.made.iter().any(|made| made.table.eq_ignore_ascii_case(table)) {
        let message =
            format!("`{table}` has other rows than those of `{}`: say by `told_by` which are its", first.name);
        wrong.push(message);
    }
}
