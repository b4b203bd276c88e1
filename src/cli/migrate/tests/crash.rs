//! What a crash left beside the database.

use super::*;

#[test]
fn a_journal_that_a_crash_left_is_rolled_back_before_the_database_is_changed() {
    let ground = Ground::new();
    ground.run(MigrateVerb::Goto { version: "2".to_owned() });
    let writer = Connection::open(ground.path()).unwrap();
    writer.execute_batch("PRAGMA cache_size = 1; BEGIN; UPDATE schema_migrations SET version = 1").unwrap();
    let fill =
        "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 9999) INSERT INTO users (name) SELECT i FROM n";
    writer.execute_batch(fill).unwrap();
    let after = Ground::new();
    for name in ["data.db", "data.db-journal"] {
        fs::copy(ground.directory.path().join(name), after.directory.path().join(name)).unwrap();
    }
    assert_eq!(after.run(MigrateVerb::Version).outcome, Outcome::Failed);
    let reply = after.run(UP);
    assert_eq!(reply.body["from"]["schema"], json!(2));
    assert_eq!(reply.body["receipt"]["tables"], json!([{ "name": "users", "before": 0, "after": 0 }]));
}
