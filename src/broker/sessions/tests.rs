//! Fetch sessions, request by request.

use super::*;

fn at(seconds: u64) -> Now {
    Now { tick: Duration::from_secs(seconds), wall_ms: 0 }
}

fn part(partition: i32) -> PartitionRef {
    PartitionRef { topic: TopicRef::Name("t".into()), partition }
}

fn asked(from: Offset) -> Asked {
    Asked { from, max_bytes: 1, current_epoch: -1, last_fetched_epoch: -1 }
}

fn request(session: i32, epoch: i32, partitions: &[i32]) -> SessionRequest {
    let asked = partitions.iter().map(|p| (part(*p), asked(0))).collect();
    SessionRequest { session, epoch, by_id: false, asked, forgotten: Vec::new() }
}

fn quiet() -> Shown {
    Shown { high_watermark: 5, log_start: 0, must_tell: false, failed: false, has_records: false }
}

fn records() -> Shown {
    Shown { must_tell: true, has_records: true, ..quiet() }
}

fn begun(sessions: &Sessions, id: i32, partitions: &[i32], shown: Shown) {
    let plan = sessions.plan(at(0), request(0, 0, partitions)).expect("a new session");
    let told = sessions.tell(at(0), plan, &vec![shown; partitions.len()], id);
    assert_eq!(told, Told { session: id, named: vec![true; partitions.len()] });
}

fn order(plan: &Plan) -> Vec<i32> {
    plan.wants.iter().map(|(partition, _)| partition.partition).collect()
}

#[test]
fn the_first_answer_names_all_and_the_next_only_what_is_new() {
    let sessions = Sessions::new(10);
    begun(&sessions, 7, &[0, 1, 2], quiet());
    let plan = sessions.plan(at(1), request(7, 1, &[])).expect("it goes on");
    assert_eq!(order(&plan), [0, 1, 2]);
    let moved = Shown { high_watermark: 6, ..quiet() };
    let told = sessions.tell(at(1), plan, &[quiet(), moved, quiet()], 8);
    assert_eq!(told, Told { session: 7, named: vec![false, true, false] });
}

#[test]
fn a_partition_that_brought_records_goes_to_the_end() {
    let sessions = Sessions::new(10);
    begun(&sessions, 7, &[0, 1, 2], quiet());
    let plan = sessions.plan(at(1), request(7, 1, &[])).expect("it goes on");
    sessions.tell(at(1), plan, &[records(), quiet(), quiet()], 8);
    let plan = sessions.plan(at(1), request(7, 2, &[])).expect("it goes on");
    assert_eq!(order(&plan), [1, 2, 0]);
}

#[test]
fn an_error_is_told_again_until_it_is_gone() {
    let sessions = Sessions::new(10);
    let failed = Shown { must_tell: true, failed: true, ..quiet() };
    begun(&sessions, 7, &[0], failed);
    let plan = sessions.plan(at(1), request(7, 1, &[])).expect("it goes on");
    assert_eq!(sessions.tell(at(1), plan, &[quiet()], 8).named, [true]);
    let plan = sessions.plan(at(1), request(7, 2, &[])).expect("it goes on");
    assert_eq!(sessions.tell(at(1), plan, &[quiet()], 8).named, [false]);
}

#[test]
fn partitions_are_added_changed_and_forgotten() {
    let sessions = Sessions::new(10);
    begun(&sessions, 7, &[0, 1], quiet());
    let change = SessionRequest {
        asked: vec![(part(1), asked(9)), (part(5), asked(0))],
        forgotten: vec![part(0)],
        ..request(7, 1, &[])
    };
    let plan = sessions.plan(at(1), change).expect("it goes on");
    assert_eq!(plan.wants, [(part(1), asked(9)), (part(5), asked(0))]);
}

#[test]
fn a_session_that_forgets_everything_ends() {
    let sessions = Sessions::new(10);
    begun(&sessions, 7, &[0], quiet());
    let end = SessionRequest { forgotten: vec![part(0)], ..request(7, 1, &[]) };
    let plan = sessions.plan(at(1), end).expect("it goes on");
    assert_eq!(sessions.tell(at(1), plan, &[], 8).session, 0);
    assert!(sessions.is_empty());
}

#[test]
fn lost_repeated_and_unknown_requests_are_refused() {
    let sessions = Sessions::new(10);
    begun(&sessions, 7, &[0], quiet());
    let refused = |request| sessions.plan(at(1), request).expect_err("refused");
    assert_eq!(refused(request(7, 2, &[])), SessionError::InvalidEpoch);
    assert_eq!(refused(request(8, 1, &[])), SessionError::NotFound);
    let by_id = SessionRequest { by_id: true, ..request(7, 1, &[]) };
    assert_eq!(refused(by_id), SessionError::TopicIdMix);
}

#[test]
fn epoch_minus_one_ends_a_session_and_asks_for_none() {
    let sessions = Sessions::new(10);
    begun(&sessions, 7, &[0], quiet());
    let plan = sessions.plan(at(1), request(7, -1, &[0])).expect("it is a full fetch");
    assert_eq!(sessions.tell(at(1), plan, &[quiet()], 8), Told { session: 0, named: vec![true] });
    assert!(sessions.is_empty());
}

#[test]
fn only_a_session_idle_for_two_minutes_makes_room() {
    let sessions = Sessions::new(1);
    begun(&sessions, 7, &[0], quiet());
    let begin = |second, id| {
        let plan = sessions.plan(at(second), request(0, 0, &[0])).expect("a full fetch");
        sessions.tell(at(second), plan, &[quiet()], id).session
    };
    assert_eq!(begin(60, 8), 0);
    assert_eq!(begin(121, 9), 9);
    assert_eq!(sessions.len(), 1);
}
