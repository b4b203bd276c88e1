//! The ledgers of the five engines, as each of them was seen to write its own on SQLite.

use super::shape::{Key, LeftOut, Model, Shape};
use crate::config::Format;

/// golang-migrate v4, drivers `sqlite3`, `sqlite` and `sqlcipher`: one row with the version that the schema is at.
pub(super) static GOLANG_MIGRATE: Shape = Shape {
    format: Format::GolangMigrate,
    table: "schema_migrations",
    columns: &["version", "dirty"],
    key: Key::Number,
    model: Model::Position,
    create: &["CREATE TABLE IF NOT EXISTS {table} (version uint64,dirty bool)"],
    complete: &["CREATE UNIQUE INDEX IF NOT EXISTS version_unique ON {table} (version)"],
    read: "SELECT version, CASE WHEN typeof(dirty) <> 'integer' THEN NULL WHEN dirty = 0 THEN 'applied' \
           WHEN dirty = 1 THEN 'broken' END FROM main.{table} LIMIT 2",
    has_origin: false,
    has_baseline: false,
    up: GOLANG_MIGRATE_SET,
    down: GOLANG_MIGRATE_SET,
    // -1 is its name for nothing, which it writes only when dirty.
    down_together: None,
    begin: &["DELETE FROM {table}", "INSERT INTO {table} (version, dirty) VALUES (coalesce(:lands_on, -1), 1)"],
    piece: &[],
    fail: &[],
    reached: None,
    left_out: LeftOut::Refused,
    undoes_latest: false,
    goes_by_version: false,
    without_foreign_keys: false,
};

/// The table is empty in between, so the row gets rowid 1, as it does from the engine.
const GOLANG_MIGRATE_SET: &[&str] =
    &["DELETE FROM {table}", "INSERT INTO {table} (version, dirty) SELECT :lands_on, 0 WHERE :lands_on IS NOT NULL"];

/// goose v3: a row for each migration, and one for version 0, without which it does not know its own table.
pub(super) static GOOSE: Shape = Shape {
    format: Format::Goose,
    table: "goose_db_version",
    columns: &["id", "version_id", "is_applied", "tstamp"],
    key: Key::Number,
    model: Model::List,
    create: &[
        "CREATE TABLE {table} (\n\t\tid INTEGER PRIMARY KEY AUTOINCREMENT,\n\t\tversion_id INTEGER NOT NULL,\n\t\t\
         is_applied INTEGER NOT NULL,\n\t\ttstamp TIMESTAMP DEFAULT (datetime('now'))\n\t)",
        "INSERT INTO {table} (version_id, is_applied) VALUES (0, 1)",
    ],
    complete: &[],
    read: "SELECT version_id, CASE WHEN typeof(is_applied) <> 'integer' THEN NULL WHEN version_id = 0 THEN 'origin' \
           WHEN is_applied = 1 THEN 'applied' WHEN is_applied = 0 THEN 'undone' END FROM main.{table} ORDER BY id",
    has_origin: true,
    has_baseline: false,
    up: &["INSERT INTO {table} (version_id, is_applied) VALUES (:version, 1)"],
    down: &["DELETE FROM {table} WHERE version_id = :version"],
    down_together: Some("DELETE FROM {table} WHERE version_id IN (SELECT value FROM json_each(:versions))"),
    begin: &[],
    piece: &[],
    fail: &[],
    reached: None,
    left_out: LeftOut::Refused,
    undoes_latest: true,
    goes_by_version: false,
    without_foreign_keys: false,
};

/// dbmate v2: the digits of each migration, as they are written in its name.
pub(super) static DBMATE: Shape = Shape {
    format: Format::Dbmate,
    table: "schema_migrations",
    columns: &["version"],
    key: Key::Digits,
    model: Model::List,
    create: &["create table if not exists \"{table}\" (version varchar(128) primary key)"],
    complete: &[],
    read: "SELECT version, 'applied' FROM main.{table} ORDER BY version",
    has_origin: false,
    has_baseline: false,
    up: &["insert into \"{table}\" (version) values (:version)"],
    down: &["delete from \"{table}\" where version = :version"],
    down_together: None,
    begin: &[],
    piece: &[],
    fail: &[],
    reached: None,
    left_out: LeftOut::Applied,
    undoes_latest: false,
    goes_by_version: false,
    without_foreign_keys: false,
};

/// sql-migrate v1: the name of each file, and when it was applied, which no command of it can do without.
pub(super) static SQL_MIGRATE: Shape = Shape {
    format: Format::SqlMigrate,
    table: "gorp_migrations",
    columns: &["id", "applied_at"],
    key: Key::Text,
    model: Model::List,
    create: &[
        "create table if not exists \"{table}\" (\"id\" varchar(255) not null primary key, \"applied_at\" datetime) ;",
    ],
    complete: &[],
    // Names with leading digits come first, by number.
    read: "SELECT id, CASE WHEN applied_at IS NOT NULL THEN 'applied' END FROM main.{table} \
           ORDER BY id NOT GLOB '[0-9]*', CAST(id AS INTEGER), id",
    has_origin: false,
    has_baseline: false,
    up: &["insert into \"{table}\" (\"id\",\"applied_at\") values (:version, :now)"],
    down: &["delete from \"{table}\" where \"id\" = :version"],
    down_together: None,
    begin: &[],
    piece: &[],
    fail: &[],
    reached: None,
    left_out: LeftOut::AppliedFirst,
    undoes_latest: false,
    goes_by_version: false,
    without_foreign_keys: false,
};

/// Atlas, community build: a row for each file, with how far it got. Its own tools rebuild the table, so that only its
/// columns tell what it is.
pub(super) static ATLAS: Shape = Shape {
    format: Format::Atlas,
    table: "atlas_schema_revisions",
    columns: &[
        "version",
        "description",
        "type",
        "applied",
        "total",
        "executed_at",
        "execution_time",
        "error",
        "error_stmt",
        "hash",
        "partial_hashes",
        "operator_version",
    ],
    key: Key::Text,
    model: Model::List,
    create: &["CREATE TABLE `{table}` (`version` text NOT NULL, `description` text NOT NULL, \
               `type` integer NOT NULL DEFAULT (2), `applied` integer NOT NULL DEFAULT (0), \
               `total` integer NOT NULL DEFAULT (0), `executed_at` datetime NOT NULL, \
               `execution_time` integer NOT NULL, `error` text NULL, `error_stmt` text NULL, `hash` text NOT NULL, \
               `partial_hashes` json NULL, `operator_version` text NOT NULL, PRIMARY KEY (`version`))"],
    complete: &[],
    read: "SELECT version, CASE WHEN version = '.atlas_cloud_identifier' THEN 'other' \
           WHEN typeof(applied) <> 'integer' OR typeof(total) <> 'integer' THEN NULL \
           WHEN applied = total AND coalesce(error, '') = '' THEN 'applied' ELSE 'broken' END \
           FROM main.{table} ORDER BY version",
    has_origin: false,
    has_baseline: true,
    up: ATLAS_UPSERT,
    down: &["DELETE FROM `{table}` WHERE `version` = :version"],
    down_together: None,
    begin: ATLAS_UPSERT,
    piece: ATLAS_UPSERT,
    fail: ATLAS_UPSERT,
    reached: Some("SELECT applied, CAST(partial_hashes AS TEXT) FROM main.{table} WHERE version = ?1"),
    left_out: LeftOut::Refused,
    undoes_latest: false,
    goes_by_version: true,
    without_foreign_keys: true,
};

/// When a file was begun, and what it is called, stay as they were first written.
const ATLAS_UPSERT: &[&str] =
    &["INSERT INTO `{table}` (`version`, `description`, `type`, `applied`, `total`, `executed_at`, `execution_time`, \
       `error`, `error_stmt`, `hash`, `partial_hashes`, `operator_version`) \
       VALUES (:version, :description, 2, :applied, :total, :now, :nanoseconds, :error, :failed, :hash, :hashes, \
       :operator) ON CONFLICT (`version`) DO UPDATE SET `type` = excluded.`type`, `applied` = excluded.`applied`, \
       `total` = excluded.`total`, `execution_time` = excluded.`execution_time`, `error` = excluded.`error`, \
       `error_stmt` = excluded.`error_stmt`, `hash` = excluded.`hash`, `partial_hashes` = excluded.`partial_hashes`, \
       `operator_version` = excluded.`operator_version`"];

/// A product that migrates itself: whatever its account is, it is not looked at.
pub(super) static NONE: Shape = Shape {
    format: Format::Command,
    table: "",
    columns: &[],
    key: Key::Text,
    model: Model::List,
    create: &[],
    complete: &[],
    read: "",
    has_origin: false,
    has_baseline: false,
    up: &[],
    down: &[],
    down_together: None,
    begin: &[],
    piece: &[],
    fail: &[],
    reached: None,
    left_out: LeftOut::Refused,
    undoes_latest: false,
    goes_by_version: false,
    without_foreign_keys: false,
};
