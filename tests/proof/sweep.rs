//! One operation on one stage: its points, and what becomes of the machine when something goes wrong at one of them.

use std::path::Path;
use std::sync::Arc;

use crate::ends::{Ends, settled};
use crate::operation::{Operation, Size};
use crate::picture::{Picture, content};
use crate::stage::Stage;
use crate::tracer::{At, End, Kind, Lie, Point, Trace, Tracer};
use crate::verdict::{Expected, Verdict};

/// An operation whose points are known.
pub struct Sweep<'o> {
    pub operation: &'o Operation,
    pub stage: Stage,
    pub expected: Expected,
    /// Every call of the operation that changes something.
    pub points: Vec<Point>,
    pub unmodelled: Vec<String>,
    /// What is known of others who try the same operation.
    pub ends: Arc<Ends>,
}

impl<'o> Sweep<'o> {
    /// Makes a stage ready and runs the operation once, to its end.
    pub fn of(operation: &'o Operation, size: Size, parent: &Path) -> Self {
        let stage = Stage::set(operation, size, parent);
        stage.restore();
        let trace = Tracer::of(&stage.world.path("")).run(&stage.command(operation.arguments));
        assert_eq!(trace.end, End::Exited(operation.code), "{}: {trace:#?}", operation.name);
        let new = Picture::of(&stage.world).unwrap();
        let mut old = vec![stage.old.clone()];
        for version in operation.stops {
            stage.restore();
            stage.world.run(&["upgrade", "--to", version, "--yes"]).expect(0);
            old.push(Picture::of(&stage.world).unwrap());
        }
        let Trace { points, unmodelled, .. } = trace;
        let built = Vec::new();
        let expected = Expected { ends: operation.ends, old, new, built };
        let mut sweep = Self {
            operation,
            stage,
            expected,
            points,
            unmodelled: unmodelled.into_iter().collect(),
            ends: Arc::default(),
        };
        sweep.expected.built = sweep.built();
        sweep
    }

    /// What lies there just before each time that a new database gets the live name.
    fn built(&self) -> Vec<String> {
        const LIVE: &str = "data/notes.db";
        let places = self.points.iter().filter(|point| point.to.as_deref() == Some(Path::new(LIVE)));
        let looks = places.zip(1..).map(|(point, nth)| {
            self.stage.restore();
            let world = self.stage.world.path("");
            let tracer = Tracer::of(&world).fault_at(At::Naming(LIVE, nth), Kind::Kill);
            let trace = tracer.run(&self.stage.command(self.operation.arguments));
            assert!(trace.fired.is_some(), "{}: {trace:?}", self.operation.name);
            content(&world.join(&point.path)).unwrap().unwrap()
        });
        looks.collect()
    }

    /// The operation on the stage as it was, with a fault and lies in it.
    pub fn strike(&self, point: u64, kind: Kind, lies: &[Lie]) -> Trace {
        self.stage.restore();
        let world = self.stage.world.path("");
        Tracer::of(&world).fault(point, kind).lies(lies).run(&self.stage.command(self.operation.arguments))
    }

    /// The same without a fault, looked at before each call.
    pub fn look(&self, mut look: impl FnMut(&Point) + Send) -> Trace {
        self.stage.restore();
        let world = self.stage.world.path("");
        let tracer = Tracer::of(&world).fault_at(At::Every, Kind::Look);
        tracer.run_to_stop(&self.stage.command(self.operation.arguments), |point| look(point))
    }

    /// A recovery, and what stands there after it.
    pub fn recover(&self) -> Verdict {
        let answer = self.stage.world.run(&["recover", "--json"]);
        if answer.code != 0 {
            return Verdict::Bad(format!("recover says {answer:#?}"));
        }
        self.ends.judge(settled(&self.stage), || self.expected.judge(&self.stage))
    }
}
