//! Writes of objects, their replicas, and what is counted of them.

use rusqlite::{OptionalExtension as _, params};
use serde_json::json;

use crate::write::{Content, Outcome, Session};

/// How many cradles hold each object.
const REPLICAS: i64 = 2;

/// What a write changes in a bucket's usage.
#[derive(Default)]
struct Difference {
    committed_objects: i64,
    committed_bytes: i64,
    replaced_objects: i64,
    replaced_bytes: i64,
}

impl Session<'_> {
    /// Pending, then the earlier one gives way, then committed: at no moment has a key two committed objects.
    pub fn put(&mut self, bucket_id: &str, key: &str, object: &Content) -> rusqlite::Result<Outcome> {
        if self.is_over_quota(bucket_id, object.size)? {
            return Ok(Outcome::OverQuota);
        }
        let id = self.ulids.next(self.now);
        let generation = self.insert_pending(&id, bucket_id, key, object)?;
        let replaced = self.replace(bucket_id, key)?;
        let commit = "UPDATE objects SET state = 'committed', committed_at = ?2 WHERE id = ?1";
        self.database.execute(commit, params![id, self.now])?;
        self.place(&id)?;
        let earlier = i64::from(replaced.is_some());
        let earlier_bytes = replaced.unwrap_or(0);
        self.count(
            bucket_id,
            &Difference {
                committed_objects: 1 - earlier,
                committed_bytes: object.size - earlier_bytes,
                replaced_objects: earlier,
                replaced_bytes: earlier_bytes,
            },
        )?;
        Ok(Outcome::Created(json!({ "id": id, "key": key, "etag": object.etag, "generation": generation })))
    }

    /// Removes the key with all its earlier objects; the replicas go with them.
    pub fn delete(&self, bucket_id: &str, key: &str) -> rusqlite::Result<Outcome> {
        let delete = format!(
            "DELETE FROM objects WHERE bucket_id = ?1 AND key = ?2 RETURNING state, {}",
            self.level.size_column()
        );
        let mut statement = self.database.prepare(&delete)?;
        let deleted = statement.query_map([bucket_id, key], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let deleted: Vec<(String, i64)> = deleted.collect::<rusqlite::Result<_>>()?;
        if deleted.is_empty() {
            return Ok(Outcome::NoSuchObject);
        }
        let mut gone = Difference::default();
        for (state, size) in deleted {
            match state.as_str() {
                "committed" => (gone.committed_objects, gone.committed_bytes) = (-1, -size),
                "replaced" => {
                    gone.replaced_objects -= 1;
                    gone.replaced_bytes -= size;
                }
                _ => {}
            }
        }
        self.count(bucket_id, &gone)?;
        Ok(Outcome::Deleted)
    }

    /// Answers with the generation, where the schema counts them.
    fn insert_pending(&self, id: &str, bucket_id: &str, key: &str, object: &Content) -> rusqlite::Result<Option<i64>> {
        let Content { size, etag, content_type } = object;
        if self.level.has_generations() {
            let insert = format!(
                "INSERT INTO objects (id, bucket_id, key, state, {}, etag, created_at, content_type, generation)
                 SELECT ?1, ?2, ?3, 'pending', ?4, ?5, ?6, ?7, coalesce(max(generation), 0) + 1
                 FROM objects WHERE bucket_id = ?2 AND key = ?3 RETURNING generation",
                self.level.size_column()
            );
            let values = params![id, bucket_id, key, size, etag, self.now, content_type];
            return self.database.query_row(&insert, values, |row| row.get(0)).map(Some);
        }
        let insert = "INSERT INTO objects (id, bucket_id, key, state, size, etag, created_at)
                      VALUES (?1, ?2, ?3, 'pending', ?4, ?5, ?6)";
        self.database.execute(insert, params![id, bucket_id, key, size, etag, self.now])?;
        if self.level.has_content_types() {
            let describe = "UPDATE objects SET content_type = ?2 WHERE id = ?1";
            self.database.execute(describe, params![id, content_type])?;
        }
        Ok(None)
    }

    /// The size of the object that was committed until now, if any.
    fn replace(&self, bucket_id: &str, key: &str) -> rusqlite::Result<Option<i64>> {
        let replace = format!(
            "UPDATE objects SET state = 'replaced'
             WHERE bucket_id = ?1 AND key = ?2 AND state = 'committed' RETURNING {}",
            self.level.size_column()
        );
        self.database.query_row(&replace, [bucket_id, key], |row| row.get(0)).optional()
    }

    /// The cradles take turns, by the id's last letters.
    fn place(&self, object_id: &str) -> rusqlite::Result<()> {
        if !self.level.has_replicas() {
            return Ok(());
        }
        let turn: i64 = object_id.bytes().rev().take(2).map(i64::from).sum();
        let (cradles, cradle_id) = self.level.cradles();
        let insert = format!(
            "INSERT INTO replicas (object_id, {cradle_id}, stored_at)
             SELECT ?1, id, ?2 FROM (SELECT id, row_number() OVER (ORDER BY id) AS place, count(*) OVER () AS active
                                     FROM {cradles} WHERE state = 'active')
             WHERE (place + ?3) % active < ?4"
        );
        self.database.execute(&insert, params![object_id, self.now, turn, REPLICAS])?;
        Ok(())
    }

    fn count(&self, bucket_id: &str, difference: &Difference) -> rusqlite::Result<()> {
        if !self.level.has_usage() {
            return Ok(());
        }
        let Difference { committed_objects, committed_bytes, replaced_objects, replaced_bytes } = difference;
        let (usage, bucket, counted_at) = self.level.usage();
        let update = format!(
            "UPDATE {usage}
             SET committed_objects = committed_objects + ?2, committed_bytes = committed_bytes + ?3,
                 replaced_objects = replaced_objects + ?4, replaced_bytes = replaced_bytes + ?5, {counted_at} = ?6
             WHERE {bucket} = ?1"
        );
        let values = params![bucket_id, committed_objects, committed_bytes, replaced_objects, replaced_bytes, self.now];
        self.database.execute(&update, values)?;
        Ok(())
    }

    fn is_over_quota(&self, bucket_id: &str, size: i64) -> rusqlite::Result<bool> {
        if !self.level.has_quotas() {
            return Ok(false);
        }
        let limit = "SELECT quota_bytes FROM buckets WHERE id = ?1";
        let limit: Option<i64> = self.database.query_row(limit, [bucket_id], |row| row.get(0))?;
        let Some(limit) = limit else { return Ok(false) };
        let used = if self.level.has_usage() {
            let (usage, bucket, _) = self.level.usage();
            format!("SELECT committed_bytes FROM {usage} WHERE {bucket} = ?1")
        } else {
            let size = self.level.size_column();
            format!("SELECT coalesce(sum({size}), 0) FROM objects WHERE bucket_id = ?1 AND state = 'committed'")
        };
        let used: i64 = self.database.query_row(&used, [bucket_id], |row| row.get(0))?;
        Ok(used.saturating_add(size) > limit)
    }
}
