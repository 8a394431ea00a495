//! The cases: each is a sentence about a store.

use std::sync::Arc;

use bytes::Bytes;

use crate::base::Offset;
use crate::store::conformance::model::{GRAIN_BYTES, Model};
use crate::store::conformance::{Place, append, durable, log, store};
use crate::store::{Dead, Engine, ReadHint, Space, StoreError, Write};

/// No batch was found.
const NOTHING: [Offset; 0] = [];

fn put(key: &str, value: &str) -> Write {
    let (key, value) = (Bytes::copy_from_slice(key.as_bytes()), Bytes::from(value.to_owned()));
    Write::Put { space: Space::Meta, key, value }
}

async fn value(engine: &dyn Engine, key: &str) -> Option<String> {
    let found = engine.get(Space::Meta, key.as_bytes()).await.expect("state can be read");
    found.map(|value| String::from_utf8_lossy(&value).into_owned())
}

/// Base offsets of the batches that a read gives.
async fn bases(engine: &dyn Engine, from: Offset, upto: Offset, max_bytes: usize) -> Vec<Offset> {
    let mut answers = Vec::new();
    for hint in [ReadHint::Point, ReadHint::Stream] {
        let read = engine.read(log(1), from, upto, max_bytes, hint).await;
        let chunks = read.expect("the log can be read");
        answers.push(chunks.iter().map(|chunk| chunk.base).collect::<Vec<_>>());
    }
    assert_eq!(answers[0], answers[1], "the hint changes nothing but the speed");
    answers.remove(0)
}

/// Batches 0-4, 5-9 and 20-29 of 100 bytes each.
async fn three_batches(engine: &dyn Engine) {
    let batches = [(0, 4), (5, 9), (20, 29)];
    let writes = batches.map(|(base, last)| append(log(1), base, last, base, 100));
    store(engine, writes.into()).await;
}

pub(super) async fn lists_are_counted_and_reached_in_order(place: &dyn Place) {
    let engine = place.open();
    assert_eq!(*engine.progress().borrow(), Default::default());
    for expected in 1..=20 {
        assert_eq!(engine.submit(vec![put("n", &expected.to_string())]), expected);
    }
    durable(&*engine, 20).await.expect("nothing is wrong");
    let progress = engine.progress().borrow().clone();
    assert_eq!((progress.written, progress.durable, progress.failed), (20, 20, None));
    assert_eq!(value(&*engine, "n").await.as_deref(), Some("20"));
}

pub(super) async fn batches_are_read_back(place: &dyn Place) {
    let engine = place.open();
    let sizes = [0, 1, 255, 256, 70_000];
    for (base, bytes) in (0..).zip(sizes) {
        store(&*engine, vec![append(log(1), base, base, 0, bytes)]).await;
    }
    let read = engine.read(log(1), 0, Offset::MAX, usize::MAX, ReadHint::Stream).await;
    let chunks = read.expect("the log can be read");
    assert_eq!(chunks.iter().map(|chunk| chunk.records.len()).collect::<Vec<_>>(), sizes);
    for (base, chunk) in (0..).zip(chunks) {
        assert_eq!((chunk.base, chunk.last), (base, base));
        assert!(chunk.records.iter().all(|byte| i64::from(*byte) == base), "batch {base}");
    }
}

pub(super) async fn a_read_starts_at_the_batch_that_contains_its_offset(place: &dyn Place) {
    let engine = place.open();
    three_batches(&*engine).await;
    let all = usize::MAX;
    assert_eq!(bases(&*engine, 0, 30, all).await, [0, 5, 20]);
    assert_eq!(bases(&*engine, 7, 30, all).await, [5, 20]);
    assert_eq!(bases(&*engine, 9, 30, all).await, [5, 20]);
    assert_eq!(bases(&*engine, 10, 30, all).await, [20], "in a gap: the next one");
    assert_eq!(bases(&*engine, 29, 30, all).await, [20]);
    assert_eq!(bases(&*engine, 30, 99, all).await, NOTHING);
    assert_eq!(bases(&*engine, -5, Offset::MAX, all).await, [0, 5, 20]);
    assert_eq!(bases(&*engine, 0, 20, all).await, [0, 5], "the end is not included");
    assert_eq!(bases(&*engine, 3, 21, all).await, [0, 5, 20]);
    assert_eq!(bases(&*engine, 7, 7, all).await, NOTHING);
    assert_eq!(bases(&*engine, 9, 2, all).await, NOTHING);
    assert_eq!(bases(&*engine, 0, -1, all).await, NOTHING);
}

pub(super) async fn a_read_gives_at_least_one_batch(place: &dyn Place) {
    let engine = place.open();
    three_batches(&*engine).await;
    assert_eq!(bases(&*engine, 0, 30, 0).await, [0]);
    assert_eq!(bases(&*engine, 0, 30, 199).await, [0]);
    assert_eq!(bases(&*engine, 0, 30, 200).await, [0, 5]);
    assert_eq!(bases(&*engine, 6, 30, 1).await, [5]);
}

pub(super) async fn a_read_sees_what_was_written(place: &dyn Place) {
    let engine = place.open();
    let mut progress = engine.progress();
    for base in 0..50 {
        let seq = engine.submit(vec![append(log(1), base, base, 0, 500), put("n", "x")]);
        let _ = progress.wait_for(|progress| progress.written >= seq).await.expect("alive");
        assert_eq!(bases(&*engine, base, base + 1, 1).await, [base]);
        let end = engine.end(log(1)).await.expect("readable").expect("not empty");
        assert_eq!(end.next, base + 1);
    }
}

pub(super) async fn a_list_is_there_whole_or_not_at_all(place: &dyn Place) {
    let engine = place.open();
    three_batches(&*engine).await;
    // The second append does not follow the first.
    let list = vec![put("a", "1"), append(log(1), 30, 39, 0, 9), append(log(1), 35, 36, 0, 9)];
    let seq = engine.submit(list);
    let failed = durable(&*engine, seq).await;
    assert!(matches!(failed, Err(StoreError::Corrupt(_))), "{failed:?}");
    assert_eq!(value(&*engine, "a").await, None);
    assert_eq!(bases(&*engine, 0, 99, usize::MAX).await, [0, 5, 20]);
}

pub(super) async fn after_a_failure_nothing_is_accepted_and_reads_go_on(place: &dyn Place) {
    let engine = place.open();
    three_batches(&*engine).await;
    let bad = engine.submit(vec![append(log(1), 3, 3, 0, 9)]);
    durable(&*engine, bad).await.expect_err("it does not follow");
    let next = engine.submit(vec![put("a", "1")]);
    assert_eq!(next, bad + 1, "still counted");
    durable(&*engine, next).await.expect_err("never reached");
    assert_eq!(value(&*engine, "a").await, None);
    assert_eq!(bases(&*engine, 0, 99, usize::MAX).await, [0, 5, 20]);
    let progress = engine.progress().borrow().clone();
    assert!(progress.failed.is_some() && progress.durable < bad, "{progress:?}");
}

pub(super) async fn state_is_kept_by_space_and_key(place: &dyn Place) {
    let engine = place.open();
    let key = Bytes::from_static(b"k");
    let in_space = |space, value: &'static str| Write::Put {
        space,
        key: key.clone(),
        value: Bytes::from_static(value.as_bytes()),
    };
    let list = vec![in_space(Space::Groups, "g"), in_space(Space::Txns, "t"), put("", "empty")];
    store(&*engine, list).await;
    let remove = Write::Delete { space: Space::Txns, key: key.clone() };
    let missing = Write::Delete { space: Space::Meta, key: Bytes::from_static(b"never") };
    store(&*engine, vec![remove, missing, in_space(Space::Groups, "")]).await;
    let get = async |space| engine.get(space, b"k").await.expect("readable");
    assert_eq!(get(Space::Groups).await, Some(Bytes::new()));
    assert_eq!(get(Space::Txns).await, None);
    assert_eq!(get(Space::Offsets).await, None);
    assert_eq!(value(&*engine, "").await.as_deref(), Some("empty"));
}

pub(super) async fn state_is_scanned_in_pages(place: &dyn Place) {
    let engine = place.open();
    let mut list = vec![];
    for key in ["a", "b", "b1", "b2", "b3", "c"] {
        list.push(put(key, key));
    }
    let (key, value) = (Bytes::from_static(b"b9"), Bytes::new());
    list.push(Write::Put { space: Space::Catalog, key, value });
    store(&*engine, list).await;
    let scan = async |prefix: &str, after: Option<&str>, limit| {
        let after = after.map(str::as_bytes);
        let page = engine.scan(Space::Meta, prefix.as_bytes(), after, limit).await;
        let page = page.expect("readable");
        let keys = page.items.iter().map(|(key, value)| {
            assert_eq!(key, value);
            String::from_utf8_lossy(key).into_owned()
        });
        (keys.collect::<Vec<_>>().join(" "), page.more)
    };
    let page = |keys: &str, more| (keys.to_owned(), more);
    assert_eq!(scan("", None, 99).await, page("a b b1 b2 b3 c", false));
    assert_eq!(scan("b", None, 99).await, page("b b1 b2 b3", false));
    assert_eq!(scan("b", None, 4).await, page("b b1 b2 b3", false));
    assert_eq!(scan("b", None, 2).await, page("b b1", true));
    assert_eq!(scan("b", Some("b1"), 2).await, page("b2 b3", false));
    assert_eq!(scan("b", Some("b10"), 1).await, page("b2", true));
    assert_eq!(scan("b", Some("a"), 1).await, page("b", true));
    assert_eq!(scan("b", Some("c"), 9).await, page("", false));
    assert_eq!(scan("b", None, 0).await, page("", true));
    assert_eq!(scan("x", None, 9).await, page("", false));
}

pub(super) async fn a_log_that_is_not_there_is_empty(place: &dyn Place) {
    let engine = place.open();
    three_batches(&*engine).await;
    let nowhere = crate::base::LogId { family: 77, topic: 1, partition: 3 };
    for log in [log(0), log(2), nowhere] {
        assert_eq!(engine.end(log).await, Ok(None));
        assert_eq!(engine.find_time(log, 0, 0).await, Ok(None));
        assert_eq!(engine.find_size(log, 0).await, Ok(None));
        assert_eq!(engine.size(log, 0).await, Ok(0));
        assert_eq!(engine.read(log, 0, 9, 9, ReadHint::Point).await, Ok(vec![]));
        assert_eq!(engine.reclaim(Dead::Below { log, start: 9 }).await, Ok(()));
        assert_eq!(engine.reclaim(Dead::Log { log }).await, Ok(()));
    }
}

pub(super) async fn the_end_knows_the_first_batch_with_the_largest_time(place: &dyn Place) {
    let engine = place.open();
    let times = [-1, 7, 9, 3, 9, -1];
    for (base, time) in (0..).zip(times) {
        store(&*engine, vec![append(log(1), base, base, time, 1000)]).await;
        let end = engine.end(log(1)).await.expect("readable").expect("not empty");
        assert_eq!((end.next, end.bytes), (base + 1, 1000 * (base as u64 + 1)));
        let expected = [None, Some((7, 1)), Some((9, 2))];
        assert_eq!(end.max_time, expected[(base as usize).min(2)]);
    }
    engine.reclaim(Dead::Below { log: log(1), start: 3 }).await.expect("nothing is wrong");
    let end = engine.end(log(1)).await.expect("readable").expect("not empty");
    assert_eq!(end.max_time, Some((9, 4)), "of what is left");
}

/// Everything the model can tell must be what the engine finds, sizes to within the grain.
async fn compare(engine: &dyn Engine, model: &mut Model) {
    let (log, next) = (model.log, model.next_offset());
    let end = engine.end(log).await.expect("readable").expect("not empty");
    assert_eq!((end.next, end.max_time), (next, model.max_time()));
    for _ in 0..300 {
        let from = model.below(next as u64 + 5) as i64;
        let at = model.below(12 * next as u64) as i64;
        let found = engine.find_time(log, from, at).await;
        assert_eq!(found, Ok(model.find_time(from, at)), "time {at} from {from}");

        let size = engine.size(log, from).await.expect("readable");
        let exact = model.size(from);
        assert!(size.abs_diff(exact) <= GRAIN_BYTES, "{size} for {exact} from {from}");

        let keep = model.below(model.size(0) * 5 / 4);
        match engine.find_size(log, keep).await.expect("readable") {
            None => assert!(keep > model.size(0), "{keep} of {}", model.size(0)),
            Some(found) => {
                let kept = model.size(found);
                assert!(kept >= keep, "keeps {kept} of {keep}");
                assert!(kept <= keep + GRAIN_BYTES, "keeps {kept} of {keep}");
            }
        }
    }
}

pub(super) async fn times_and_sizes_are_found_as_by_brute_force(place: &dyn Place) {
    let engine = place.open();
    for seed in 1..=4 {
        let mut model = Model::new(log(seed), u64::from(seed));
        let lists = model.grow(if seed == 1 { 3 } else { 700 });
        for list in lists {
            engine.submit(list);
        }
        store(&*engine, vec![]).await;
        compare(&*engine, &mut model).await;
    }
}

pub(super) async fn what_is_below_a_start_is_freed(place: &dyn Place) {
    let engine = place.open();
    three_batches(&*engine).await;
    store(&*engine, vec![append(log(2), 0, 9, 0, 100)]).await;
    let below = |start| Dead::Below { log: log(1), start };
    for start in [-1, 0, 3, 4] {
        engine.reclaim(below(start)).await.expect("nothing is wrong");
        assert_eq!(bases(&*engine, 0, 99, usize::MAX).await, [0, 5, 20], "{start} is in a batch");
    }
    for start in [7, 7, 5, 0] {
        engine.reclaim(below(start)).await.expect("nothing is wrong");
        assert_eq!(bases(&*engine, 0, 99, usize::MAX).await, [5, 20]);
    }
    engine.reclaim(below(15)).await.expect("nothing is wrong");
    assert_eq!(bases(&*engine, 0, 99, usize::MAX).await, [20]);
    let end = engine.end(log(1)).await.expect("readable").expect("not empty");
    assert_eq!(end.next, 30);
    assert!(engine.end(log(2)).await.expect("readable").is_some(), "another log");
}

pub(super) async fn a_log_trimmed_to_nothing_goes_on(place: &dyn Place) {
    let engine = place.open();
    three_batches(&*engine).await;
    // Reclaim does not overtake what was submitted before it.
    engine.submit(vec![append(log(1), 30, 39, 0, 100)]);
    engine.reclaim(Dead::Below { log: log(1), start: 40 }).await.expect("nothing is wrong");
    assert_eq!(engine.end(log(1)).await, Ok(None));
    assert_eq!(engine.find_time(log(1), 0, 0).await, Ok(None));
    assert_eq!(engine.size(log(1), 0).await, Ok(0));
    store(&*engine, vec![append(log(1), 40, 41, 5, 100)]).await;
    assert_eq!(bases(&*engine, 0, 99, usize::MAX).await, [40]);
    let end = engine.end(log(1)).await.expect("readable").expect("not empty");
    assert_eq!((end.next, end.bytes), (42, 500));
}

pub(super) async fn a_dead_log_is_freed_and_its_neighbours_are_not(place: &dyn Place) {
    let engine = place.open();
    for topic in 1..=3 {
        for base in 0..20 {
            engine.submit(vec![append(log(topic), base, base, 0, 5000), put("n", "x")]);
        }
    }
    for _ in 0..2 {
        engine.reclaim(Dead::Log { log: log(2) }).await.expect("nothing is wrong");
        assert_eq!(engine.end(log(2)).await, Ok(None));
        for topic in [1, 3] {
            let end = engine.end(log(topic)).await.expect("readable").expect("not empty");
            assert_eq!((end.next, end.bytes), (20, 100_000));
        }
    }
    assert_eq!(value(&*engine, "n").await.as_deref(), Some("x"));
}

pub(super) async fn a_reopened_store_has_everything_and_a_greater_epoch(place: &dyn Place) {
    let mut last_epoch = 0;
    for round in 0..4 {
        let engine = place.open();
        assert!(engine.epoch() > last_epoch);
        last_epoch = engine.epoch();
        let expected = (0..round).map(|n| 10 * n).collect::<Vec<_>>();
        assert_eq!(bases(&*engine, 0, 99, usize::MAX).await, expected);
        let count = value(&*engine, "n").await;
        assert_eq!(count, (round > 0).then(|| round.to_string()));
        let base = 10 * round;
        let list = vec![append(log(1), base, base + 9, 0, 9), put("n", &(round + 1).to_string())];
        let seq = engine.submit(list);
        assert_eq!(seq, 1, "counted anew");
        // Every other time it goes without a goodbye.
        if round % 2 == 0 {
            engine.close().await.expect("nothing is wrong");
        } else {
            durable(&*engine, seq).await.expect("nothing is wrong");
        }
    }
}

pub(super) async fn times_and_sizes_survive_a_restart_and_a_trim(place: &dyn Place) {
    let mut model = Model::new(log(1), 99);
    for _ in 0..3 {
        let engine = place.open();
        for list in model.grow(250) {
            engine.submit(list);
        }
        store(&*engine, vec![]).await;
        let start = model.next_offset() * 2 / 3;
        engine.reclaim(Dead::Below { log: log(1), start }).await.expect("nothing is wrong");
        model.trim(start);
        compare(&*engine, &mut model).await;
        engine.close().await.expect("nothing is wrong");
    }
}

pub(super) async fn a_closed_store_accepts_nothing(place: &dyn Place) {
    let engine = place.open();
    let seq = engine.submit(vec![put("a", "1")]);
    engine.close().await.expect("nothing is wrong");
    let progress = engine.progress().borrow().clone();
    assert_eq!((progress.durable, progress.failed), (seq, None));
    let late = engine.submit(vec![put("a", "2")]);
    durable(&*engine, late).await.expect_err("closed");
    engine.close().await.expect("closing twice is no error");
    assert_eq!(value(&*engine, "a").await.as_deref(), Some("1"));
}

pub(super) async fn concurrent_lists_recover_in_the_order_of_their_numbers(place: &dyn Place) {
    let engine = place.open();
    let threads = (0..4).map(|thread| {
        let engine = engine.clone();
        std::thread::spawn(move || {
            let mut newest = (0, String::new());
            for n in 0..300 {
                let value = format!("{thread}-{n}");
                newest = (engine.submit(vec![put("last", &value)]), value);
            }
            newest
        })
    });
    let newest = threads.collect::<Vec<_>>().into_iter().map(|thread| thread.join());
    let newest = newest.map(|newest| newest.expect("it only submits")).max();
    let (seq, expected) = newest.expect("there are threads");
    assert_eq!(seq, 1200);
    durable(&*engine, seq).await.expect("nothing is wrong");
    drop(engine);
    let engine: Arc<dyn Engine> = place.open();
    assert_eq!(value(&*engine, "last").await, Some(expected));
}
