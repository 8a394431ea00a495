//! The wrapper goes wrong as it is told to, and crashes to what was durable.

use std::sync::Arc;

use bytes::Bytes;

use crate::store::conformance::{append, durable, log, store};
use crate::store::faulty::Faulty;
use crate::store::mem::MemEngine;
use crate::store::{Dead, Engine, Progress, Space, StoreError, Write};

fn faulty() -> Faulty {
    Faulty::new(Arc::new(MemEngine::new()))
}

fn put(value: &'static str) -> Vec<Write> {
    let (key, value) = (Bytes::from_static(b"k"), Bytes::from_static(value.as_bytes()));
    vec![Write::Put { space: Space::Meta, key, value }]
}

async fn value(engine: &dyn Engine) -> Option<Bytes> {
    engine.get(Space::Meta, b"k").await.expect("readable")
}

/// Waits until the progress is as told.
async fn progress(engine: &Faulty, written: u64, durable: u64) {
    let mut progress = engine.progress();
    let reached = progress.wait_for(|now| (now.written, now.durable) == (written, durable));
    assert_eq!(reached.await.expect("alive").failed, None);
}

#[tokio::test]
async fn the_nth_submit_fails_and_all_that_follow() {
    let engine = faulty();
    store(&engine, put("1")).await;
    engine.fail_submit(2);
    store(&engine, put("2")).await;
    for seq in 3..=4 {
        assert_eq!(engine.submit(put("3")), seq);
        let failed = durable(&engine, seq).await;
        assert!(matches!(failed, Err(StoreError::Io(_))), "{failed:?}");
    }
    assert_eq!(engine.progress().borrow().durable, 2);
    assert_eq!(value(&engine).await, Some(Bytes::from_static(b"2")));
}

#[tokio::test]
async fn what_is_held_back_is_told_when_it_is_released() {
    let engine = faulty();
    store(&engine, put("1")).await;
    engine.hold_durable();
    for _ in 2..=5 {
        engine.submit(put("2"));
    }
    progress(&engine, 5, 1).await;
    engine.release_upto(3);
    progress(&engine, 5, 3).await;
    engine.release();
    progress(&engine, 5, 5).await;
    engine.hold();
    engine.submit(put("3"));
    progress(&engine, 5, 5).await;
    engine.release();
    progress(&engine, 6, 6).await;
}

#[tokio::test]
async fn a_fenced_owner_is_told_so() {
    let engine = faulty();
    store(&engine, put("1")).await;
    engine.fence();
    let seq = engine.submit(put("2"));
    assert_eq!(durable(&engine, seq).await, Err(StoreError::Fenced));
    assert_eq!(value(&engine).await, Some(Bytes::from_static(b"1")), "reads go on");
}

#[tokio::test]
async fn a_crash_takes_back_what_was_not_durable() {
    let engine = faulty();
    let list = |base| vec![append(log(1), base, base, 0, 10)];
    for base in 0..4 {
        store(&engine, list(base)).await;
    }
    engine.reclaim(Dead::Below { log: log(1), start: 2 }).await.expect("nothing is wrong");
    engine.hold_durable();
    engine.submit(list(4));
    engine.submit(put("lost"));
    progress(&engine, 6, 4).await;
    let end = engine.end(log(1)).await.expect("readable").expect("not empty");
    assert_eq!(end.next, 5, "visible, though it is not durable");

    let history = engine.crash();
    let failed = engine.progress().borrow().clone();
    assert!(matches!(failed, Progress { durable: 4, failed: Some(StoreError::Io(_)), .. }));
    let engine = MemEngine::new();
    history.replay(&engine).await.expect("nothing is wrong");
    let end = engine.end(log(1)).await.expect("readable").expect("not empty");
    assert_eq!(end.next, 4);
    assert_eq!(engine.size(log(1), 0).await, Ok(20));
    assert_eq!(value(&engine).await, None);
}
