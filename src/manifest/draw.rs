//! Draws the graph of a manifest: which release one goes to next from each, on the way to the newest of its major.

use std::fmt::Write as _;

use super::graph::{Asked, for_any_installer};
use super::{Manifest, Release};

/// One line a release, ascending, in columns.
pub fn text(manifest: &Manifest) -> String {
    let rows: Vec<[String; 7]> = manifest.releases.iter().map(|release| row(manifest, release)).collect();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..7).map(|column| width(column).unwrap_or(0)).collect();
    let mut drawn = String::new();
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        drawn.push_str(cells.join("  ").trim_end());
        drawn.push('\n');
    }
    drawn
}

fn row(manifest: &Manifest, release: &Release) -> [String; 7] {
    let reads: Vec<String> = release.reads.iter().map(ToString::to_string).collect();
    let from = release.from.as_ref().map_or_else(|| "lower".to_owned(), ToString::to_string);
    [
        release.version.to_string(),
        release.channel.clone(),
        format!("schema {}", release.schema),
        format!("reads {}", reads.join(", ")),
        format!("from {from}"),
        next(manifest, release).map_or_else(String::new, |next| format!("-> {}", next.version)),
        marks(release),
    ]
}

/// A flowchart for Mermaid (<https://mermaid.js.org>).
pub fn mermaid(manifest: &Manifest) -> String {
    let mut drawn = "flowchart LR\n".to_owned();
    let name = |release: &Release| manifest.releases.iter().position(|other| other.version == release.version);
    for (at, release) in manifest.releases.iter().enumerate() {
        let label = [release.version.to_string(), format!("schema {}", release.schema), marks(release)];
        let lines: Vec<String> = label.iter().filter(|line| !line.is_empty()).map(|line| escaped(line)).collect();
        _ = writeln!(drawn, "  r{at}[\"{}\"]", lines.join("<br>"));
        if let Some(next) = next(manifest, release).and_then(name) {
            _ = writeln!(drawn, "  r{at} --> r{next}");
        }
    }
    drawn
}

/// Mermaid's entities for what would end a label or begin markup.
fn escaped(text: &str) -> String {
    text.replace('#', "#35;").replace('"', "#quot;").replace('<', "#lt;").replace('>', "#gt;")
}

/// The first stop on the way from a release to the newest of its major, for who follows its channel.
fn next<'m>(manifest: &'m Manifest, release: &'m Release) -> Option<&'m Release> {
    let (installed, channel) = (Some(&release.version), release.channel.as_str());
    let asked = Asked { installed, target: None, channel, installer: &release.version, skip: &[] };
    for_any_installer(manifest, &asked).ok()?.first().copied()
}

fn marks(release: &Release) -> String {
    let barrier = release.barrier.then(|| "barrier".to_owned());
    let deadend = release.deadend.as_ref().map(|reason| format!("dead end: {reason}"));
    let yanked = release.yanked.as_ref().map(|reason| format!("yanked: {reason}"));
    barrier.into_iter().chain(deadend).chain(yanked).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::super::sample::{manifest, release};
    use super::*;

    fn drawn() -> Manifest {
        manifest(vec![
            release("1.4.0"),
            Release { barrier: true, ..release("1.5.0") },
            Release { yanked: Some("a \"bad\" one".to_owned()), ..release("1.5.1") },
            Release { from: Some(">=1.5".parse().unwrap()), ..release("1.6.0") },
            Release { from: Some(">=1.6".parse().unwrap()), ..release("2.0.0") },
        ])
    }

    #[test]
    fn the_text_shows_each_release_and_where_it_leads() {
        let lines = [
            "1.4.0  stable  schema 1  reads 1  from lower  -> 1.5.0",
            "1.5.0  stable  schema 1  reads 1  from lower  -> 1.6.0  barrier",
            "1.5.1  stable  schema 1  reads 1  from lower  -> 1.6.0  yanked: a \"bad\" one",
            "1.6.0  stable  schema 1  reads 1  from >=1.5",
            "2.0.0  stable  schema 1  reads 1  from >=1.6",
        ];
        assert_eq!(text(&drawn()).lines().collect::<Vec<_>>(), lines);
    }

    #[test]
    fn the_flowchart_has_the_same_arrows_and_harmless_labels() {
        let chart = mermaid(&drawn());
        let arrows: Vec<&str> = chart.lines().filter(|line| line.contains("-->")).map(str::trim).collect();
        assert_eq!(arrows, ["r0 --> r1", "r1 --> r3", "r2 --> r3"]);
        assert!(chart.starts_with("flowchart LR\n") && chart.contains("yanked: a #quot;bad#quot; one"));
    }
}
