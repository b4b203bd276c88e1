//! What an undo gives back for the old service is taken by another program before that service starts.

use super::{Left, together};
use crate::crash::frozen::Frozen;
use crate::crash::operations::{FAILING, failing};
use crate::crash::recovery::{Written, first, has};
use crate::standing::Standing;
use crate::tally::{self, End};

#[test]
fn an_undo_whose_room_is_taken_in_the_instant_before_its_start_starts_the_old_service() {
    for left in [Left::Bytes(0), Left::Names(0)] {
        let Some((world, disk)) = together(FAILING) else { return };
        let (sweep, frozen) = (failing(), Frozen::of(&world));
        let undone = first(&sweep, &frozen, |run| has(run, Written::Undone, "exchange"));
        let starts = |point: &u64| sweep.killed_at(*point, frozen.thaw()).as_deref() == Some("start the service");
        let start = (undone..undone + 40).find(starts).unwrap();
        let world = frozen.thaw();
        let upgrade = Standing::before(start, world.command(sweep.arguments));
        assert!(upgrade.stands());
        left.on(&disk);
        let answer = upgrade.goes_on();
        assert_eq!(answer.code, 4, "{left:?}: {answer:#?}");
        assert_eq!((world.answers(), world.schema()), (Some("1.0.0".to_owned()), 1));
        tally::point(sweep.name, "full disk at the start", End::Old);
        disk.grow();
    }
}
