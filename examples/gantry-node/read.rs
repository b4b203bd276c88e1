//! The queries of a node.

use rusqlite::{Connection, OptionalExtension as _, Row};
use serde_json::{Map, Value, json};

use crate::release::Level;

/// All buckets by name.
pub fn buckets(database: &Connection, level: Level) -> rusqlite::Result<Value> {
    let quota = if level.has_quotas() { "quota_bytes" } else { "NULL" };
    let query = format!("SELECT id, name, created_at, {quota} FROM buckets ORDER BY name");
    let mut statement = database.prepare(&query)?;
    let rows = statement.query_map([], |row| {
        Ok(json!({
            "id": text(row, 0)?, "name": text(row, 1)?,
            "created_at": row.get::<_, i64>(2)?, "quota_bytes": row.get::<_, Option<i64>>(3)?,
        }))
    })?;
    rows.collect::<rusqlite::Result<Vec<_>>>().map(Value::from)
}

/// The committed object of a key.
pub fn object(database: &Connection, level: Level, bucket: &str, key: &str) -> rusqlite::Result<Option<Value>> {
    let size = level.size_column();
    let content_type = if level.has_content_types() { "content_type" } else { "NULL" };
    let generation = if level.has_generations() { "generation" } else { "NULL" };
    let query = format!(
        "SELECT objects.id, {size}, etag, committed_at, {content_type}, {generation}
         FROM objects JOIN buckets ON buckets.id = bucket_id
         WHERE buckets.name = ?1 AND key = ?2 AND state = 'committed'"
    );
    let found = database.query_row(&query, [bucket, key], |row| {
        Ok(json!({
            "id": text(row, 0)?, "key": key, "size": row.get::<_, i64>(1)?, "etag": text(row, 2)?,
            "committed_at": row.get::<_, i64>(3)?, "content_type": row.get::<_, Option<String>>(4)?,
            "generation": row.get::<_, Option<i64>>(5)?,
        }))
    });
    found.optional()
}

/// How many rows there are: of each table, by the name that it always had, and of objects by state.
pub fn stats(database: &Connection, level: Level) -> rusqlite::Result<Value> {
    let mut tables = vec![("buckets", "buckets"), ("cradles", level.cradles().0), ("objects", "objects")];
    tables.extend(level.has_replicas().then_some(("replicas", "replicas")));
    tables.extend(level.has_content_types().then_some(("uploads", "uploads")));
    tables.extend(level.has_usage_rows().then_some(("bucket_usage", "bucket_usage")));
    let mut counts = Map::new();
    for (name, table) in tables {
        let count: i64 = database.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
        counts.insert(name.to_owned(), count.into());
    }
    let mut states = Map::new();
    let mut statement = database.prepare("SELECT state, count(*) FROM objects GROUP BY state ORDER BY state")?;
    for row in statement.query_map([], |row| Ok((text(row, 0)?, row.get::<_, i64>(1)?)))? {
        let (state, count) = row?;
        states.insert(state, count.into());
    }
    Ok(json!({ "rows": counts, "objects": states }))
}

fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    row.get(column)
}
