//! The writes of a node, in the SQL of the schema that it runs on.

use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::{Value, json};

use crate::release::Level;
use crate::ulid::Ulids;

/// What a client asks to be changed.
#[derive(Debug)]
pub enum Write {
    CreateBucket { name: String, quota_bytes: Option<i64> },
    AddCradle { name: String, address: String, capacity_bytes: i64 },
    PutObject { bucket: String, key: String, object: Content },
    DeleteObject { bucket: String, key: String },
}

/// What a client says about an object.
#[derive(Debug)]
pub struct Content {
    pub size: i64,
    pub etag: String,
    pub content_type: String,
}

/// What came of it. All but the first two changed nothing.
#[derive(Debug)]
pub enum Outcome {
    Created(Value),
    Deleted,
    NameTaken,
    NoSuchBucket,
    NoSuchObject,
    OverQuota,
}

/// One write inside a transaction of the writer's.
pub struct Session<'a> {
    pub database: &'a Connection,
    pub level: Level,
    pub ulids: &'a mut Ulids,
    /// Microseconds since 1970 in UTC.
    pub now: i64,
}

impl Session<'_> {
    /// Applies it. An error leaves the transaction to be rolled back; whatever a client can cause is an outcome.
    pub fn apply(&mut self, write: &Write) -> rusqlite::Result<Outcome> {
        match write {
            Write::CreateBucket { name, quota_bytes } => self.create_bucket(name, *quota_bytes),
            Write::AddCradle { name, address, capacity_bytes } => self.add_cradle(name, address, *capacity_bytes),
            Write::PutObject { bucket, key, object } => match self.bucket(bucket)? {
                Some(bucket_id) => self.put(&bucket_id, key, object),
                None => Ok(Outcome::NoSuchBucket),
            },
            Write::DeleteObject { bucket, key } => match self.bucket(bucket)? {
                Some(bucket_id) => self.delete(&bucket_id, key),
                None => Ok(Outcome::NoSuchBucket),
            },
        }
    }

    fn create_bucket(&mut self, name: &str, quota_bytes: Option<i64>) -> rusqlite::Result<Outcome> {
        if self.bucket(name)?.is_some() {
            return Ok(Outcome::NameTaken);
        }
        let id = self.ulids.next(self.now);
        let insert = "INSERT INTO buckets (id, name, created_at) VALUES (?1, ?2, ?3)";
        self.database.execute(insert, params![id, name, self.now])?;
        if self.level.has_quotas() {
            self.database.execute("UPDATE buckets SET quota_bytes = ?2 WHERE id = ?1", params![id, quota_bytes])?;
        }
        if self.level.has_usage_rows() {
            let insert = "INSERT INTO bucket_usage (bucket_id, committed_objects, committed_bytes, replaced_objects,
                              replaced_bytes, changed_at) VALUES (?1, 0, 0, 0, 0, ?2)";
            self.database.execute(insert, params![id, self.now])?;
        }
        Ok(Outcome::Created(json!({ "id": id, "name": name })))
    }

    fn add_cradle(&mut self, name: &str, address: &str, capacity_bytes: i64) -> rusqlite::Result<Outcome> {
        let (cradles, _) = self.level.cradles();
        let known = format!("SELECT 1 FROM {cradles} WHERE name = ?1");
        if self.database.query_row(&known, [name], |_| Ok(())).optional()?.is_some() {
            return Ok(Outcome::NameTaken);
        }
        let id = self.ulids.next(self.now);
        let insert = format!(
            "INSERT INTO {cradles} (id, name, address, capacity_bytes, state, joined_at)
             VALUES (?1, ?2, ?3, ?4, 'active', ?5)"
        );
        self.database.execute(&insert, params![id, name, address, capacity_bytes, self.now])?;
        if self.level.has_sightings() {
            self.database.execute("UPDATE cradles SET seen_at = ?2 WHERE id = ?1", params![id, self.now])?;
        }
        Ok(Outcome::Created(json!({ "id": id, "name": name })))
    }

    fn bucket(&self, name: &str) -> rusqlite::Result<Option<String>> {
        self.database.query_row("SELECT id FROM buckets WHERE name = ?1", [name], |row| row.get(0)).optional()
    }
}
