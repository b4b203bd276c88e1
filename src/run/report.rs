//! What came of a run; kept with it, and the body of what a command answers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::RunError;
use crate::causes;
use crate::db::receipt::{Receipt, TableCount};
use crate::journal::{record, runs};
use crate::layout::Layout;
use crate::plan::loss::Loss;
use crate::plan::{Operation, Plan, Point, Strategy};
use crate::steps::error::Blame;
use crate::steps::{Imported, Machine, StepError};
use crate::version::SchemaVersion;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// All of the NEW.
    Done,
    /// There was nothing to do.
    Nothing,
    /// Failed before the service was stopped; nothing was changed.
    Failed,
    /// Failed after it; all of the OLD, and it runs.
    Restored,
    /// Neither is certain: a person is needed.
    Stranded,
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Its name.
    pub run: String,
    /// What was asked for.
    pub operation: Operation,
    /// How it ended.
    pub outcome: Outcome,
    /// Where the machine stood.
    pub from: Point,
    /// Where it was to go.
    pub to: Point,
    /// How a rollback went back.
    pub strategy: Option<Strategy>,
    /// From the stop to the first healthy answer, of the old service where the run was undone; none without a stop.
    pub downtime_ms: Option<u64>,
    /// What the rehearsal predicted.
    pub predicted_downtime_ms: Option<u64>,
    /// What was done, in order.
    pub steps: Vec<StepTime>,
    /// The backup that the run made.
    pub backup: Option<String>,
    /// What the rehearsal showed.
    pub receipt: Option<ReceiptReport>,
    /// What became of every row of the major below.
    #[serde(default)]
    pub import: Option<Imported>,
    /// What was lost.
    pub loss: Option<Loss>,
    /// Worth knowing.
    pub warnings: Vec<String>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// Whether something of it is left to `recover`, though its outcome is certain.
    #[serde(default)]
    pub unfinished: bool,
}

/// A step and how long it took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepTime {
    /// Its name.
    pub name: String,
    /// In milliseconds.
    pub ms: u64,
}

/// What the rehearsal showed, as far as reports need it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptReport {
    /// Rows by table.
    pub tables: Vec<TableCount>,
    /// The schema that resulted.
    pub schema: Option<SchemaVersion>,
    /// How long the migrations took.
    pub ms: u64,
}

/// Why a run failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// At which step.
    pub step: String,
    /// Stable, for scripts.
    pub code: String,
    /// What was tried, on what.
    pub message: String,
    /// The chain of causes, outermost first.
    pub causes: Vec<String>,
    /// The way out.
    pub remedy: String,
    /// Why it could not be undone, if it could not.
    pub stranded: Option<String>,
}

impl Failure {
    pub(super) fn of(step: &str, error: &StepError, plan: &Plan) -> Self {
        Self {
            step: step.to_owned(),
            code: error.code.to_owned(),
            message: error.message.clone(),
            causes: causes::of(error),
            remedy: if error.remedy.is_empty() { way_out(error.blame, plan) } else { error.remedy.clone() },
            stranded: None,
        }
    }
}

/// What helps where the step itself knows nothing better.
fn way_out(blame: Blame, plan: &Plan) -> String {
    let to = plan.to.version.as_ref().map(ToString::to_string).unwrap_or_default();
    match (blame, plan.operation) {
        (Blame::Release, Operation::Upgrade) => {
            format!("choose another release, or try it again with `gantry-installer upgrade --to {to} --retry`")
        }
        (Blame::Release, Operation::Rollback) => {
            "choose another way or release: see `gantry-installer rollback --dry-run`".to_owned()
        }
        _ => {
            let run = &plan.run;
            format!("look at `gantry-installer history {run}`, and run the same command again once that is put right")
        }
    }
}

/// How long stopping, starting and proving the service took in the newest run that was committed, in milliseconds.
pub fn usual_restart(layout: &Layout) -> Result<Option<u64>, RunError> {
    for name in runs::names(layout)?.iter().rev() {
        let report = record::read::<Report>(&layout.run(name).report())?;
        if let Some(report) = report
            .filter(|report| report.outcome == Outcome::Done && report.steps.iter().any(|step| step.name == "prove"))
        {
            let restart = report.steps.iter().filter(|step| matches!(step.name.as_str(), "stop" | "start" | "prove"));
            return Ok(Some(restart.map(|step| step.ms).sum()));
        }
    }
    Ok(None)
}

fn of_receipt(receipt: &Receipt) -> ReceiptReport {
    ReceiptReport { tables: receipt.tables.clone(), schema: receipt.schema.clone(), ms: receipt.ms }
}

/// Tables of both databases by name. How the rows of the one became those of the other, the account says.
fn of_import(imported: &Imported) -> ReceiptReport {
    let account = &imported.account;
    let mut tables: BTreeMap<&str, (Option<u64>, Option<u64>)> = BTreeMap::new();
    for table in &account.old {
        tables.entry(&table.name).or_default().0 = Some(table.rows);
    }
    for table in &account.new {
        tables.entry(&table.name).or_default().1 = Some(table.rows);
    }
    let count = |(name, (before, after)): (&str, _)| TableCount { name: name.to_owned(), before, after };
    let tables = tables.into_iter().map(count).collect();
    ReceiptReport { tables, schema: Some(account.schema.clone()), ms: account.ms }
}

pub(super) fn of(machine: &Machine<'_>, outcome: Outcome, steps: Vec<StepTime>, failure: Option<Failure>) -> Report {
    let plan = machine.plan;
    let memory = &machine.memory;
    Report {
        run: plan.run.clone(),
        operation: plan.operation,
        outcome,
        from: plan.from.clone(),
        to: plan.to.clone(),
        strategy: plan.strategy,
        downtime_ms: memory.downtime_ms,
        predicted_downtime_ms: memory.predicted_ms,
        steps,
        backup: memory.backup.clone(),
        receipt: memory.receipt.as_ref().map(of_receipt).or(memory.import.as_ref().map(of_import)),
        import: memory.import.clone(),
        loss: memory.loss.clone(),
        warnings: memory.warnings.clone(),
        failure,
        unfinished: false,
    }
}
