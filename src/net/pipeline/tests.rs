//! Any order of finishing, one order of leaving.

use proptest::prelude::*;

use super::{Bounds, Pipeline, Ticket};

const BOUNDS: Bounds = Bounds { in_flight_max: 4, unsent_max: 100 };

fn all(pipeline: &mut Pipeline<u32>) -> Vec<u32> {
    std::iter::from_fn(|| pipeline.take()).collect()
}

#[test]
fn replies_leave_in_request_order() {
    let mut pipeline = Pipeline::new(BOUNDS);
    let [a, b, c] = [(); 3].map(|()| pipeline.begin());
    pipeline.finish(c, 3, 1);
    pipeline.finish(b, 2, 1);
    assert_eq!(all(&mut pipeline), [0u32; 0]);
    pipeline.finish(a, 1, 1);
    assert_eq!(all(&mut pipeline), [1, 2, 3]);
    assert!(pipeline.is_empty());
}

#[test]
fn a_silent_request_holds_nothing_up() {
    let mut pipeline = Pipeline::new(BOUNDS);
    let [a, b] = [(); 2].map(|()| pipeline.begin());
    pipeline.finish(b, 2, 1);
    pipeline.silence(a);
    assert_eq!(all(&mut pipeline), [2]);
}

#[test]
fn requests_in_flight_are_bounded() {
    let mut pipeline = Pipeline::new(BOUNDS);
    let tickets = [(); 4].map(|()| pipeline.begin());
    assert!(!pipeline.has_room(0));
    pipeline.finish(tickets[1], 2, 1);
    assert!(!pipeline.has_room(0), "finished, but not first");
    pipeline.finish(tickets[0], 1, 1);
    assert_eq!(all(&mut pipeline), [1, 2]);
    assert!(pipeline.has_room(0));
}

#[test]
fn unsent_bytes_are_bounded() {
    let mut pipeline = Pipeline::new(BOUNDS);
    assert!(pipeline.has_room(99));
    assert!(!pipeline.has_room(100));
    let ticket = pipeline.begin();
    pipeline.finish(ticket, 1, 60);
    assert!(!pipeline.has_room(40));
    pipeline.take();
    assert!(pipeline.has_room(60));
}

#[test]
fn a_fault_lets_earlier_replies_leave_and_forgets_later_ones() {
    let mut pipeline = Pipeline::new(BOUNDS);
    let [a, b, c] = [(); 3].map(|()| pipeline.begin());
    pipeline.finish(c, 3, 50);
    pipeline.cut(b);
    assert!(!pipeline.knows(c) && !pipeline.knows(b) && pipeline.knows(a));
    assert!(!pipeline.has_room(0));
    pipeline.finish(a, 1, 1);
    assert_eq!(all(&mut pipeline), [1]);
    assert!(pipeline.is_empty());
}

/// What a connection can do, at random.
#[derive(Clone, Debug)]
enum Step {
    Begin,
    Finish(usize, usize),
    Silence(usize),
    Take,
    Cut(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Begin),
        4 => (any::<usize>(), 0usize..80).prop_map(|(which, bytes)| Step::Finish(which, bytes)),
        1 => any::<usize>().prop_map(Step::Silence),
        3 => Just(Step::Take),
        1 => any::<usize>().prop_map(Step::Cut),
    ]
}

/// The pipeline beside a model: all that was begun, and what became of it.
#[derive(Default)]
struct Model {
    waiting: Vec<Ticket>,
    begun: usize,
    silent: usize,
    taken: Vec<Ticket>,
}

fn play(steps: Vec<Step>) {
    let mut pipeline = Pipeline::new(BOUNDS);
    let mut model = Model::default();
    for step in steps {
        let pick = |which: usize| which.checked_rem(model.waiting.len());
        match step {
            Step::Begin if pipeline.has_room(0) => {
                model.waiting.push(pipeline.begin());
                model.begun += 1;
            }
            Step::Finish(which, bytes) => {
                let Some(index) = pick(which) else { continue };
                let ticket = model.waiting.remove(index);
                pipeline.finish(ticket, ticket, bytes);
            }
            Step::Silence(which) => {
                let Some(index) = pick(which) else { continue };
                pipeline.silence(model.waiting.remove(index));
                model.silent += 1;
            }
            Step::Take => model.taken.extend(pipeline.take()),
            Step::Cut(which) => {
                let Some(index) = pick(which) else { continue };
                pipeline.cut(model.waiting[index]);
                model.waiting.retain(|ticket| pipeline.knows(*ticket));
            }
            Step::Begin => {}
        }
        assert!(pipeline.slots.len() <= BOUNDS.in_flight_max, "P2");
        assert!(model.taken.is_sorted_by(|a, b| a < b), "P1");
    }
    for ticket in std::mem::take(&mut model.waiting) {
        pipeline.finish(ticket, ticket, 1);
    }
    model.taken.extend(std::iter::from_fn(|| pipeline.take()));
    assert!(pipeline.is_empty() && pipeline.ready_bytes == 0);
    assert!(model.taken.is_sorted_by(|a, b| a < b), "P1");
    if !pipeline.is_closed() {
        assert_eq!(model.taken.len() + model.silent, model.begun, "every request is answered");
    }
}

proptest! {
    #[test]
    fn any_course_keeps_the_invariants(steps in prop::collection::vec(step(), 0..200)) {
        play(steps);
    }
}
