//! Whether releases may claim to read the schemas that they say: the migrations on the way there must only add.

use crate::manifest::anyway::is_noted;
use crate::manifest::{Manifest, Release};
use crate::migration::lint::Finding;
use crate::version::{SchemaVersion, Version};

/// A release that says it reads a schema, and the migrations on the way there that stand against it.
pub(super) struct Unproven {
    pub(super) version: Version,
    pub(super) schema: SchemaVersion,
    pub(super) findings: Vec<Finding>,
}

impl Unproven {
    /// In words.
    pub(super) fn message(&self) -> String {
        let place = |finding: &Finding| match finding.line {
            Some(line) => format!("`{}`:{line}", finding.file),
            None => format!("`{}`", finding.file),
        };
        let found: Vec<_> =
            self.findings.iter().map(|finding| format!("{} {}", place(finding), finding.message)).collect();
        let Self { version, schema, .. } = self;
        format!("release `{version}` says that it reads schema {schema}, and on the way there {}", found.join("; "))
    }

    /// The way out.
    pub(super) fn remedy(&self) -> String {
        format!(
            "take {} out of the `reads` of {}, or say why it is well: `-- lint: allow additive: REASON` in the \
             migration, or `# reads {} anyway: REASON` below those `reads` (`manifest add` writes it with \
             `--reads-anyway REASON`)",
            self.schema, self.version, self.schema
        )
    }
}

/// All claims of the manifest that is `text` which the migrations do not bear out and no comment explains.
pub(super) fn unproven(
    text: &str,
    manifest: &Manifest,
    obstacles: &dyn Fn(&SchemaVersion, &SchemaVersion) -> Vec<Finding>,
) -> Vec<Unproven> {
    let of_release = |release: &Release| {
        let open = release.reads.iter().filter(|read| !is_noted(text, &release.version, read));
        let found = open.map(|read| (read.clone(), obstacles(&release.schema, read)));
        let against = found.filter(|(_, findings)| !findings.is_empty());
        let version = release.version.clone();
        against.map(|(schema, findings)| Unproven { version: version.clone(), schema, findings }).collect::<Vec<_>>()
    };
    manifest.releases.iter().flat_map(of_release).collect()
}
