//! Release manifests: what is published, signed, and how one gets from release to release.
