//! The running catalog over a store that dawdles, fails and crashes on command.

use futures::FutureExt;

use super::*;
use crate::auth::{Caller, Operation, Resource};
use crate::base::SystemClock;
use crate::catalog::Scope;
use crate::catalog::alter::{self, Edit, Edits};
use crate::config::{Flag, Sources};
use crate::store::Engine;
use crate::store::faulty::Faulty;
use crate::store::mem::MemEngine;

fn core_over(engine: Arc<dyn Engine>) -> Arc<Core> {
    Core::new(Settings::default(), engine, Arc::new(SystemClock::start()))
}

async fn boot(engine: Arc<dyn Engine>) -> (Arc<Core>, CatalogCell) {
    let core = core_over(engine);
    let cell = CatalogCell::boot(core.clone()).await.expect("the store can be read");
    (core, cell)
}

fn permit() -> Permit {
    let caller = Caller {
        principal: "User:ANONYMOUS".into(),
        peer: ([127, 0, 0, 1], 1).into(),
        listener: "PLAINTEXT".into(),
    };
    caller.permit(Operation::Create, Resource::Cluster).expect("everybody may")
}

fn topic(name: &str) -> NewTopic {
    NewTopic { name: name.into(), partitions: 2, replication_factor: 1, ..NewTopic::default() }
}

fn set(resource: alter::Resource, key: &str, value: &str) -> Vec<Alteration> {
    let edits = Edits::Some(vec![(key.into(), Edit::Set(value.into()))]);
    vec![Alteration { resource, edits }]
}

async fn create(cell: &CatalogCell, name: &str) -> Arc<Topic> {
    let made = cell.create(&permit(), vec![topic(name)], Mode::Apply).await;
    made.expect("the store works").remove(0).expect("the topic is made")
}

#[tokio::test]
async fn a_topic_is_seen_when_it_is_durable_and_not_before() {
    let store = Arc::new(Faulty::new(Arc::new(MemEngine::new())));
    let (_core, cell) = boot(store.clone()).await;
    store.hold_durable();
    let mut first = Box::pin(create(&cell, "a"));
    assert!((&mut first).now_or_never().is_none(), "the answer waits");
    assert!(cell.topic("a").is_none(), "so do readers");

    let permit = permit();
    let mut second = Box::pin(cell.create(&permit, vec![topic("a")], Mode::Apply));
    assert!((&mut second).now_or_never().is_none(), "so does who learns that it exists");

    store.release();
    let made = first.await;
    assert_eq!(cell.topic("a").map(|topic| topic.id), Some(made.id));
    assert_eq!(cell.topic_by_id(made.id).map(|topic| topic.number), Some(made.number));
    let answers = second.await.expect("the store works");
    assert!(matches!(answers[0], Err(CreateError::Exists)));
    assert_eq!(cell.changes(), 1);
}

#[tokio::test]
async fn what_a_crash_takes_back_was_never_seen() {
    let store = Arc::new(Faulty::new(Arc::new(MemEngine::new())));
    let (_core, cell) = boot(store.clone()).await;
    let kept = create(&cell, "kept").await;
    store.hold_durable();
    let permit = permit();
    let mut lost = Box::pin(cell.create(&permit, vec![topic("lost")], Mode::Apply));
    assert!((&mut lost).now_or_never().is_none());
    let history = store.crash();
    drop(lost);

    let engine = Arc::new(MemEngine::new());
    history.replay(&*engine).await.expect("the engine is empty and works");
    let (_core, again) = boot(engine).await;
    let names: Vec<_> = again.topics().iter().map(|topic| topic.name.to_string()).collect();
    assert_eq!(names, ["kept"]);
    assert_eq!(again.topic("kept").map(|topic| topic.id), Some(kept.id));
    assert_eq!(again.cluster_id(), cell.cluster_id(), "it is made once");
}

#[tokio::test]
async fn a_deleted_topic_is_gone_and_its_logs_wait_for_their_end() {
    let engine = MemEngine::new();
    let (_core, cell) = boot(Arc::new(engine.reopen())).await;
    let topic = create(&cell, "a").await;
    let gone = cell.delete(&permit(), &[topic.id]).await.expect("the store works");
    assert_eq!(gone[0].as_ref().map(|gone| gone.number), Ok(topic.number));
    assert!(cell.topic("a").is_none() && cell.topic_by_id(topic.id).is_none());
    assert_eq!(cell.dead(), [(topic.number, topic.partitions.clone())]);

    let (_core, again) = boot(Arc::new(engine.reopen())).await;
    assert_eq!(again.dead(), [(topic.number, topic.partitions.clone())], "K3");
    again.forget_dead(topic.number).await.expect("the store works");
    assert_eq!(again.dead(), []);
    assert!(create(&again, "a").await.number > topic.number, "K2");
}

#[tokio::test]
async fn altered_settings_are_in_force_at_once_and_after_a_restart() {
    let engine = MemEngine::new();
    let (core, cell) = boot(Arc::new(engine.reopen())).await;
    create(&cell, "plain").await;
    create(&cell, "own").await;
    let own = alter::Resource::Topic("own".into());
    let all = alter::Resource::Broker(Scope::Cluster);
    let retention =
        |cell: &CatalogCell, name: &str| cell.topic(name).expect("it was made").config.retention_ms;
    for alteration in [set(own, "retention.ms", "5"), set(all, "log.retention.ms", "7")] {
        let answers = cell.alter(&permit(), alteration, Mode::Apply).await;
        assert_eq!(answers.expect("the store works"), [Ok(())]);
    }
    assert_eq!((retention(&cell, "own"), retention(&cell, "plain")), (5, 7));
    assert_eq!(retention(&cell, &create(&cell, "later").await.name), 7);
    assert_eq!(core.settings().dynamic().cluster.len(), 1);

    let (core, again) = boot(Arc::new(engine.reopen())).await;
    assert_eq!((retention(&again, "own"), retention(&again, "plain")), (5, 7));
    assert_eq!(core.settings().dynamic().cluster.len(), 1);
}

#[tokio::test]
async fn a_topic_that_was_decided_before_other_settings_were_in_force_gets_them() {
    let store = Arc::new(Faulty::new(Arc::new(MemEngine::new())));
    let (_core, cell) = boot(store.clone()).await;
    store.hold_durable();
    let all = alter::Resource::Broker(Scope::Cluster);
    let alteration = set(all, "log.retention.ms", "7");
    let permit = permit();
    let mut alter = Box::pin(cell.alter(&permit, alteration, Mode::Apply));
    assert!((&mut alter).now_or_never().is_none());
    let mut make = Box::pin(create(&cell, "a"));
    assert!((&mut make).now_or_never().is_none());
    store.release();
    make.await;
    assert_eq!(cell.topic("a").expect("it was made").config.retention_ms, 7);
}

#[tokio::test]
async fn a_failed_store_is_told_and_nothing_more_is_decided() {
    let store = Arc::new(Faulty::new(Arc::new(MemEngine::new())));
    let (_core, cell) = boot(store.clone()).await;
    store.fail_submit(1);
    let failed = cell.create(&permit(), vec![topic("a")], Mode::Apply).await;
    assert!(failed.is_err(), "{failed:?}");
    assert!(cell.topic("a").is_none());
    assert!(cell.create(&permit(), vec![topic("b")], Mode::Apply).await.is_err());
}

#[tokio::test]
async fn a_thousand_topics_are_one_write() {
    let (core, cell) = boot(Arc::new(MemEngine::new())).await;
    let before = core.journal.submit(Vec::new());
    let topics = (0..1_000).map(|number| topic(&format!("t{number}"))).collect();
    let made = cell.create(&permit(), topics, Mode::Apply).await.expect("the store works");
    assert!(made.iter().all(Result::is_ok));
    assert_eq!(core.journal.submit(Vec::new()) - before, 2, "the last of which is this one");
    assert_eq!(cell.topic_count(), 1_000);
    let topics = cell.topics();
    assert!(topics.is_sorted_by(|a, b| a.name < b.name));
}

#[tokio::test]
async fn the_cluster_id_is_the_one_configured_or_a_uuid_as_kafka_writes_them() {
    let (_core, cell) = boot(Arc::new(MemEngine::new())).await;
    let id = cell.cluster_id();
    assert_eq!(id.len(), 22);
    assert!(!id.starts_with('-'), "tools would take it for an option");
    assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{id}");

    let flags = vec![Flag { name: "klamm.cluster.id".into(), value: "mine".into(), flag: "--set" }];
    let settings = Settings::load(&Sources { flags, ..Sources::default() }).expect("it is right");
    let clock = Arc::new(SystemClock::start());
    let core = Core::new(settings, Arc::new(MemEngine::new()), clock);
    let cell = CatalogCell::boot(core).await.expect("the store can be read");
    assert_eq!(cell.cluster_id(), "mine");
}
