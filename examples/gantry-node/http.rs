//! The service's face: requests to reads and writes, outcomes to statuses.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::read;
use crate::release::Release;
use crate::store::{Store, StoreError, schema};
use crate::write::{Content, Outcome, Write};

const NAME_LENGTHS: std::ops::RangeInclusive<usize> = 1..=63;

#[derive(Clone)]
struct Node {
    store: Store,
    release: Arc<Release>,
}

#[derive(Deserialize)]
struct NewBucket {
    name: String,
    quota_bytes: Option<i64>,
}

#[derive(Deserialize)]
struct NewCradle {
    name: String,
    address: String,
    capacity_bytes: i64,
}

type Answer = Result<Response, StoreError>;

/// Every address that the node answers at.
pub fn routes(store: Store, release: Release) -> Router {
    Router::new()
        .route("/healthz", get(health))
        .route("/stats", get(stats))
        .route("/buckets", get(list_buckets).post(create_bucket))
        .route("/cradles", post(add_cradle))
        .route("/buckets/{bucket}/objects/{*key}", get(show_object).put(put_object).delete(delete_object))
        .with_state(Node { store, release: Arc::new(release) })
}

/// Well is a node whose database answers.
async fn health(State(node): State<Node>) -> Answer {
    if node.release.never_healthy {
        return Ok(problem(StatusCode::SERVICE_UNAVAILABLE, "this release never becomes healthy"));
    }
    let schema = node.store.read(|database, _| schema(database)).await?;
    let version = &node.release.version;
    let pid = std::process::id();
    Ok(Json(json!({ "status": "ok", "version": version, "schema": schema, "pid": pid })).into_response())
}

async fn stats(State(node): State<Node>) -> Answer {
    Ok(Json(node.store.read(read::stats).await?).into_response())
}

async fn list_buckets(State(node): State<Node>) -> Answer {
    Ok(Json(node.store.read(read::buckets).await?).into_response())
}

async fn create_bucket(State(node): State<Node>, Json(new): Json<NewBucket>) -> Answer {
    if !NAME_LENGTHS.contains(&new.name.len()) || new.quota_bytes.is_some_and(i64::is_negative) {
        return Ok(problem(StatusCode::BAD_REQUEST, "a bucket has a name of 1 to 63 bytes and a quota from 0 on"));
    }
    write(&node, Write::CreateBucket { name: new.name, quota_bytes: new.quota_bytes }).await
}

async fn add_cradle(State(node): State<Node>, Json(new): Json<NewCradle>) -> Answer {
    if !NAME_LENGTHS.contains(&new.name.len()) || new.capacity_bytes < 1 {
        return Ok(problem(StatusCode::BAD_REQUEST, "a cradle has a name of 1 to 63 bytes and a capacity from 1 on"));
    }
    let NewCradle { name, address, capacity_bytes } = new;
    write(&node, Write::AddCradle { name, address, capacity_bytes }).await
}

async fn show_object(State(node): State<Node>, Path((bucket, key)): Path<(String, String)>) -> Answer {
    match node.store.read(move |database, level| read::object(database, level, &bucket, &key)).await? {
        Some(object) => Ok(Json(object).into_response()),
        None => Ok(problem(StatusCode::NOT_FOUND, "there is no such object")),
    }
}

/// The control plane keeps what is known of an object; its bytes would go to the cradles.
async fn put_object(
    State(node): State<Node>,
    Path((bucket, key)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let object = Content {
        size: i64::try_from(body.len()).unwrap_or(i64::MAX),
        etag: Sha256::digest(&body).iter().map(|byte| format!("{byte:02x}")).collect(),
        content_type: content_type.unwrap_or("application/octet-stream").to_owned(),
    };
    write(&node, Write::PutObject { bucket, key, object }).await
}

async fn delete_object(State(node): State<Node>, Path((bucket, key)): Path<(String, String)>) -> Answer {
    write(&node, Write::DeleteObject { bucket, key }).await
}

async fn write(node: &Node, write: Write) -> Answer {
    Ok(match node.store.write(write).await? {
        Outcome::Created(made) => (StatusCode::CREATED, Json(made)).into_response(),
        Outcome::Deleted => StatusCode::NO_CONTENT.into_response(),
        Outcome::NameTaken => problem(StatusCode::CONFLICT, "the name is taken"),
        Outcome::NoSuchBucket => problem(StatusCode::NOT_FOUND, "there is no such bucket"),
        Outcome::NoSuchObject => problem(StatusCode::NOT_FOUND, "there is no such object"),
        Outcome::OverQuota => problem(StatusCode::INSUFFICIENT_STORAGE, "the bucket's quota is reached"),
    })
}

fn problem(status: StatusCode, words: &str) -> Response {
    (status, Json(json!({ "error": words }))).into_response()
}

impl IntoResponse for StoreError {
    fn into_response(self) -> Response {
        problem(StatusCode::SERVICE_UNAVAILABLE, &self.to_string())
    }
}
