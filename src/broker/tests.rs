//! The running broker over a store that dawdles and fails on command.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;

use super::*;
use crate::auth::{Caller, Operation, Resource};
use crate::base::{Now, Offset};
use crate::broker::cell::{Isolation, Placed};
use crate::broker::fetch::{Found, Patience, ReadFault, Want};
use crate::broker::partitions::{Acks, AppendFault, ToAppend};
use crate::broker::places::Place;
use crate::catalog::Mode;
use crate::catalog::create::NewTopic;
use crate::store::faulty::Faulty;
use crate::store::mem::MemEngine;
use crate::wire::sample::{NOW_MS, Sample, sample};

/// A clock that stands still until it is moved.
struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Now {
        let wall_ms = self.0.load(Ordering::Relaxed);
        let tick = Duration::from_millis(u64::try_from(wall_ms - NOW_MS).unwrap_or(0));
        Now { tick, wall_ms }
    }
}

struct Fixture {
    broker: Arc<Broker>,
    store: Arc<Faulty>,
    clock: Arc<TestClock>,
}

async fn fixture() -> Fixture {
    over(Arc::new(MemEngine::new())).await
}

async fn over(engine: Arc<dyn Engine>) -> Fixture {
    let store = Arc::new(Faulty::new(engine));
    let clock = Arc::new(TestClock(AtomicI64::new(NOW_MS)));
    let broker = Broker::boot(Settings::default(), store.clone(), clock.clone());
    Fixture { broker: broker.await.expect("an empty store"), store, clock }
}

fn permit() -> Permit {
    let caller = Caller {
        principal: "User:ANONYMOUS".into(),
        peer: ([127, 0, 0, 1], 1).into(),
        listener: "PLAINTEXT".into(),
    };
    caller.permit(Operation::Write, Resource::Cluster).expect("everybody may")
}

impl Fixture {
    async fn topic(&self, name: &str, configs: &[(&str, &str)]) -> Arc<Topic> {
        let configs = configs.iter().map(|(k, v)| ((*k).to_owned(), Some((*v).to_owned())));
        let topic = NewTopic {
            name: name.to_owned(),
            partitions: 1,
            replication_factor: 1,
            configs: configs.collect(),
            ..NewTopic::default()
        };
        let made = self.broker.catalog().create(&permit(), vec![topic], Mode::Apply).await;
        made.expect("the store works").remove(0).expect("the topic is made")
    }

    async fn append(&self, topic: &Arc<Topic>, batch: &Sample) -> Result<Placed, AppendFault> {
        let part = ToAppend {
            permit: permit(),
            topic: topic.clone(),
            partition: 0,
            records: batch.bytes(),
        };
        self.broker.partitions().append(part, true).await
    }

    async fn acknowledged(&self, accepted: Placed, acks: Acks) -> Result<(), StoreError> {
        self.broker.partitions().acknowledged([accepted].iter(), acks).await
    }

    /// Appends and waits until it is durable.
    async fn write(&self, topic: &Arc<Topic>, values: &[&str]) -> Offset {
        let accepted = self.append(topic, &sample(values)).await.expect("it is accepted");
        self.acknowledged(accepted, Acks::All).await.expect("it is durable");
        accepted.base
    }

    fn fetch(
        &self,
        topic: &Arc<Topic>,
        from: Offset,
        min_bytes: usize,
    ) -> impl Future<Output = Result<Found, ReadFault>> + Send + use<> {
        let broker = self.broker.clone();
        let want = Want {
            permit: permit(),
            topic: topic.clone(),
            partition: 0,
            from,
            max_bytes: 1 << 20,
            current_epoch: -1,
            last_fetched_epoch: -1,
        };
        let patience = Patience {
            max_wait: if min_bytes == 0 { Duration::ZERO } else { Duration::from_secs(600) },
            min_bytes,
            max_bytes: 1 << 20,
            isolation: Isolation::ReadUncommitted,
        };
        async move { broker.partitions().fetch(&[Some(want)], patience).await.remove(0) }
    }

    async fn offsets(&self, topic: &Arc<Topic>, from: Offset) -> Vec<(Offset, Offset)> {
        spans(&self.fetch(topic, from, 0).await.expect("it can be read"))
    }
}

fn spans(found: &Found) -> Vec<(Offset, Offset)> {
    found.chunks.iter().map(|(chunk, _)| (chunk.base, chunk.last)).collect()
}

#[tokio::test]
async fn what_was_acknowledged_is_read_in_order_from_any_offset_in_it() {
    let f = fixture().await;
    let topic = f.topic("t", &[]).await;
    assert_eq!(f.write(&topic, &["a", "b", "c"]).await, 0);
    assert_eq!(f.write(&topic, &["d"]).await, 3);
    assert_eq!(f.offsets(&topic, 0).await, [(0, 2), (3, 3)]);
    assert_eq!(f.offsets(&topic, 2).await, [(0, 2), (3, 3)]);
    assert_eq!(f.offsets(&topic, 4).await, []);
    let beyond = f.fetch(&topic, 5, 0).await;
    assert!(matches!(beyond, Err(ReadFault::OutOfRange(_))), "{beyond:?}");
}

#[tokio::test]
async fn a_record_that_is_not_durable_is_neither_acknowledged_nor_shown() {
    let f = fixture().await;
    let topic = f.topic("t", &[]).await;
    f.store.hold_durable();
    let accepted = f.append(&topic, &sample(&["a"])).await.expect("it is accepted");
    f.acknowledged(accepted, Acks::Leader).await.expect("acks=1 asks for less");
    assert!(f.acknowledged(accepted, Acks::All).now_or_never().is_none());
    assert_eq!(f.offsets(&topic, 0).await, []);
    f.store.release();
    f.acknowledged(accepted, Acks::All).await.expect("now it is durable");
    assert_eq!(f.offsets(&topic, 0).await, [(0, 0)]);
}

#[tokio::test]
async fn a_repeated_batch_waits_for_what_the_first_waits_for_and_gets_its_offset() {
    let f = fixture().await;
    let topic = f.topic("t", &[]).await;
    f.write(&topic, &["before"]).await;
    f.store.hold_durable();
    let batch = sample(&["a", "b"]).from_producer(7, 0, 0);
    let first = f.append(&topic, &batch).await.expect("it is accepted");
    let again = f.append(&topic, &batch).await.expect("it is recognised");
    assert_eq!((first.base, again.base), (1, 1));
    assert!(f.acknowledged(again, Acks::All).now_or_never().is_none());
    f.store.release();
    f.acknowledged(again, Acks::All).await.expect("now it is durable");
    assert_eq!(f.offsets(&topic, 0).await, [(0, 0), (1, 2)]);
}

#[tokio::test]
async fn a_waiting_fetch_is_answered_when_enough_is_durable() {
    let f = fixture().await;
    let topic = f.topic("t", &[]).await;
    let one = sample(&["a"]).bytes().len();
    let mut waiting = Box::pin(f.fetch(&topic, 0, 2 * one));
    assert!((&mut waiting).now_or_never().is_none());
    f.write(&topic, &["a"]).await;
    assert!((&mut waiting).now_or_never().is_none());
    f.write(&topic, &["b"]).await;
    assert_eq!(spans(&waiting.await.expect("it can be read")), [(0, 0), (1, 1)]);
}

#[tokio::test]
async fn a_waiting_fetch_hears_of_its_topics_end_and_late_writers_too() {
    let f = fixture().await;
    let topic = f.topic("t", &[]).await;
    let mut waiting = Box::pin(f.fetch(&topic, 0, 1));
    assert!((&mut waiting).now_or_never().is_none());
    let deleted = f.broker.delete_topics(&permit(), &[topic.id]).await.expect("it works");
    assert!(deleted[0].is_ok());
    assert!(matches!(waiting.await, Err(ReadFault::UnknownPartition)));
    let late = f.append(&topic, &sample(&["late"])).await;
    assert!(matches!(late, Err(AppendFault::UnknownPartition)), "{late:?}");
}

#[tokio::test]
async fn after_the_store_failed_writers_are_told_and_readers_go_on() {
    let f = fixture().await;
    let topic = f.topic("t", &[]).await;
    f.write(&topic, &["a"]).await;
    f.store.fail_submit(1);
    let accepted = f.append(&topic, &sample(&["b"])).await.expect("the failure comes later");
    f.acknowledged(accepted, Acks::All).await.expect_err("it cannot be durable");
    let next = f.append(&topic, &sample(&["c"])).await;
    assert!(matches!(next, Err(AppendFault::Store(_))), "{next:?}");
    assert_eq!(f.offsets(&topic, 0).await, [(0, 0)]);
    assert!(f.broker.ailment().is_some());
}

#[tokio::test]
async fn a_restart_goes_on_where_the_durable_log_ended() {
    let f = fixture().await;
    let topic = f.topic("t", &[]).await;
    let batch = |sequence| sample(&["x"]).from_producer(7, 0, sequence);
    let first = f.append(&topic, &batch(0)).await.expect("it is accepted");
    f.acknowledged(first, Acks::All).await.expect("it is durable");
    f.store.hold_durable();
    f.append(&topic, &batch(1)).await.expect("it is accepted, and lost in the crash");
    let after = MemEngine::new();
    f.store.crash().replay(&after).await.expect("what survived can be replayed");

    let f = over(Arc::new(after.reopen())).await;
    let topic = f.broker.catalog().topic("t").expect("the topic is still there");
    assert_eq!(f.offsets(&topic, 0).await, [(0, 0)]);
    let repeated = f.append(&topic, &batch(0)).await.expect("it is recognised");
    assert_eq!(repeated.base, 0);
    let retried = f.append(&topic, &batch(1)).await.expect("the lost one is taken as new");
    assert_eq!(retried.base, 1);
}

#[tokio::test]
async fn retention_lets_go_of_old_records_and_keeps_the_offsets() {
    let f = fixture().await;
    let topic = f.topic("t", &[("retention.ms", "60000")]).await;
    f.write(&topic, &["old"]).await;
    f.clock.0.store(NOW_MS + 100_000, Ordering::Relaxed);
    let mut young = sample(&["young"]);
    young.records[0].timestamp_ms = NOW_MS + 99_000;
    let accepted = f.append(&topic, &young).await.expect("it is accepted");
    f.acknowledged(accepted, Acks::All).await.expect("it is durable");
    f.broker.retention_round().await;
    assert!(matches!(f.fetch(&topic, 0, 0).await, Err(ReadFault::OutOfRange(_))));
    assert_eq!(f.offsets(&topic, 1).await, [(1, 1)]);
}

#[tokio::test]
async fn a_place_is_found_by_time_and_by_name() {
    let f = fixture().await;
    let topic = f.topic("t", &[]).await;
    f.write(&topic, &["a", "b", "c"]).await;
    let cell = f.broker.partitions().cell(&topic, 0).await.expect("it works").expect("it is");
    let place = async |place| {
        let found = f.broker.partitions().place(permit(), &cell, place).await;
        found.expect("it works").map(|found| (found.offset, found.timestamp_ms))
    };
    assert_eq!(place(Place::Earliest).await, Some((0, -1)));
    assert_eq!(place(Place::Latest(Isolation::ReadUncommitted)).await, Some((3, -1)));
    assert_eq!(place(Place::MaxTimestamp).await, Some((2, NOW_MS + 2)));
    assert_eq!(place(Place::AtOrAfter(NOW_MS + 1)).await, Some((1, NOW_MS + 1)));
    assert_eq!(place(Place::AtOrAfter(NOW_MS + 3)).await, None);
}

#[tokio::test]
async fn producer_ids_are_given_out_once_also_over_restarts() {
    let f = fixture().await;
    let first = f.broker.producer_ids().allocate().await.expect("it works");
    let second = f.broker.producer_ids().allocate().await.expect("it works");
    assert_ne!(first, second);
    let after = MemEngine::new();
    f.store.crash().replay(&after).await.expect("what survived can be replayed");
    let f = over(Arc::new(after.reopen())).await;
    let third = f.broker.producer_ids().allocate().await.expect("it works");
    assert!(third > second, "{third} after {second}");
}

#[tokio::test]
async fn records_that_are_no_batch_are_refused_and_cost_no_offset() {
    let f = fixture().await;
    let topic = f.topic("t", &[]).await;
    let part = ToAppend {
        permit: permit(),
        topic: topic.clone(),
        partition: 0,
        records: Bytes::from_static(b"not a batch at all, but long enough to look at its header"),
    };
    let refused = f.broker.partitions().append(part, true).await;
    assert!(matches!(refused, Err(AppendFault::Batch(_))), "{refused:?}");
    assert_eq!(f.write(&topic, &["a"]).await, 0);
}

#[tokio::test]
async fn what_is_refused_is_not_counted_as_traffic() {
    let f = fixture().await;
    let topic = f.topic("t", &[]).await;
    let first = sample(&["a", "b"]).from_producer(7, 0, 0);
    f.append(&topic, &first).await.expect("it is accepted");
    let gap = f.append(&topic, &sample(&["z"]).from_producer(7, 0, 9)).await;
    assert!(matches!(gap, Err(AppendFault::Producer(_))), "{gap:?}");
    let totals = f.broker.partitions().totals(&topic);
    assert_eq!(totals.records_in.load(Ordering::Relaxed), 2);
    assert_eq!(totals.bytes_in.load(Ordering::Relaxed), first.bytes().len() as u64);
}
