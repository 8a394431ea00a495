//! Groups over a store that dawdles and fails on command, in a time that the test lets pass.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;

use super::*;
use crate::auth::{Caller, Operation, Resource};
use crate::base::{Clock, MemberId, Now, Offset};
use crate::config::Settings;
use crate::groups::{CommitItem, JoinDialect, Protocol, State};
use crate::store::Engine;
use crate::store::faulty::Faulty;
use crate::store::mem::MemEngine;

/// Stands still until it is moved.
#[derive(Default)]
struct TestClock(AtomicU64);

impl Clock for TestClock {
    fn now(&self) -> Now {
        let ms = self.0.load(Ordering::Relaxed);
        Now { tick: Duration::from_millis(ms), wall_ms: i64::try_from(ms).expect("small") }
    }
}

struct Fixture {
    groups: Groups,
    store: Arc<Faulty>,
    clock: Arc<TestClock>,
}

async fn fixture() -> Fixture {
    over(Arc::new(MemEngine::new())).await
}

async fn over(engine: Arc<dyn Engine>) -> Fixture {
    let store = Arc::new(Faulty::new(engine));
    let clock = Arc::new(TestClock::default());
    let core = Core::new(Settings::default(), store.clone(), clock.clone());
    Fixture { groups: Groups::boot(core).await.expect("sound records"), store, clock }
}

/// Lets every task do what there is to do: tokio's own time is paused, so this takes none.
async fn settle() {
    tokio::time::sleep(Duration::from_secs(100_000)).await;
}

fn permit() -> Permit {
    let caller = Caller {
        principal: "User:ANONYMOUS".into(),
        peer: ([127, 0, 0, 1], 1).into(),
        listener: "PLAINTEXT".into(),
    };
    caller.permit(Operation::Read, Resource::Group("g")).expect("everybody may")
}

fn g() -> GroupId {
    GroupId::from("g")
}

impl Fixture {
    async fn pass(&self, seconds: u64) {
        self.clock.0.fetch_add(seconds * 1_000, Ordering::Relaxed);
        settle().await;
    }

    /// Joins as a client of v3 does, which need not come back with its id.
    fn join(&self) -> impl Future<Output = Result<Joined, JoinRefused>> + Send + use<> {
        let protocol = Protocol { name: "range".into(), metadata: Bytes::new() };
        let join = Join {
            member: MemberId::from(""),
            instance: None,
            client_id: "c".into(),
            client_host: "/127.0.0.1".into(),
            session_timeout_ms: 10_000,
            rebalance_timeout_ms: 60_000,
            protocol_type: "consumer".into(),
            protocols: vec![protocol],
            random: Arc::default(),
            dialect: JoinDialect { knows_its_id_first: false, can_skip_assignment: false },
            reason: None,
        };
        self.groups.join(&permit(), &g(), join)
    }

    /// The only member of generation 1, with an assignment.
    async fn member(&self) -> Presence {
        let joining = self.join();
        self.pass(3).await;
        let joined = joining.await.expect("it joins");
        let presence =
            Presence { member: joined.member, instance: None, generation: joined.generation };
        let sync = Sync {
            presence: presence.clone(),
            protocol_type: None,
            protocol: None,
            assignments: vec![(presence.member.clone(), Bytes::from_static(b"all"))],
        };
        let synced = self.groups.sync(&permit(), &g(), sync).await.expect("it syncs");
        assert_eq!(synced.assignment, "all");
        presence
    }

    fn commit(
        &self,
        topic: &str,
        offset: Offset,
    ) -> impl Future<Output = CommitAnswer> + Send + use<> {
        self.commit_to(&g(), topic, offset)
    }

    fn commit_to(
        &self,
        group: &GroupId,
        topic: &str,
        offset: Offset,
    ) -> impl Future<Output = CommitAnswer> + Send + use<> {
        let nobody = Presence { member: MemberId::from(""), instance: None, generation: -1 };
        let item = CommitItem {
            key: OffsetKey { topic: topic.into(), partition: 0 },
            offset,
            leader_epoch: -1,
            metadata: Arc::default(),
        };
        let commit = Commit { presence: nobody, retention_ms: None, items: vec![item] };
        self.groups.commit(&permit(), group, commit)
    }

    async fn offsets(&self) -> Vec<(String, Offset)> {
        let found = self.groups.offsets(&permit(), &g(), Wanted::All).await.expect("durable");
        let offset = |(key, committed): FetchedOffset| {
            (key.topic.to_string(), committed.expect("all are there").offset)
        };
        found.into_iter().map(offset).collect()
    }

    async fn state(&self) -> Option<State> {
        let described = self.groups.describe(&permit(), &g()).await.expect("durable");
        described.map(|described| described.state)
    }
}

#[tokio::test(start_paused = true)]
async fn a_join_that_waits_is_answered_when_its_time_has_come() {
    let f = fixture().await;
    let mut joining = Box::pin(f.join());
    f.pass(2).await;
    assert!(joining.as_mut().now_or_never().is_none(), "more may come");
    f.pass(1).await;
    assert_eq!(joining.await.expect("it joins").generation, 1);
}

#[tokio::test(start_paused = true)]
async fn a_member_that_falls_silent_is_removed_without_anybody_asking() {
    let f = fixture().await;
    let presence = f.member().await;
    f.pass(8).await;
    f.groups.heartbeat(&permit(), &g(), presence).await.expect("it lives");
    f.pass(9).await;
    assert_eq!(f.state().await, Some(State::Stable));
    f.pass(2).await;
    assert_eq!(f.state().await, Some(State::Empty));
}

#[tokio::test(start_paused = true)]
async fn a_commit_is_neither_answered_nor_shown_before_it_is_durable() {
    let f = fixture().await;
    f.commit("t", 5).await.expect("it is committed");
    f.store.hold_durable();
    let mut committing = Box::pin(f.commit("t", 6));
    let mut reading = Box::pin(f.offsets());
    settle().await;
    assert!(committing.as_mut().now_or_never().is_none(), "not answered yet");
    assert!(reading.as_mut().now_or_never().is_none(), "not shown yet");
    f.store.release();
    committing.await.expect("it is committed");
    assert_eq!(reading.await, [("t".to_owned(), 6)]);
}

#[tokio::test(start_paused = true)]
async fn groups_outlive_the_process() {
    let f = fixture().await;
    let presence = f.member().await;
    let engine = MemEngine::new();
    f.store.crash().replay(&engine).await.expect("an empty store");
    let f = over(Arc::new(engine)).await;
    assert_eq!(f.state().await, Some(State::Stable));
    f.pass(9).await;
    f.groups.heartbeat(&permit(), &g(), presence).await.expect("it lives on");
    f.pass(11).await;
    assert_eq!(f.state().await, Some(State::Empty));
}

#[tokio::test(start_paused = true)]
async fn when_the_store_fails_whoever_waits_and_whoever_comes_is_sent_elsewhere() {
    let f = fixture().await;
    let other = GroupId::from("other");
    let joining = f.join();
    f.commit_to(&other, "t", 5).await.expect("it is committed");
    f.store.fail_submit(1);
    assert_eq!(f.commit_to(&other, "t", 6).await, Err(GroupError::StoreFailed));
    let refused = joining.await.expect_err("the store has failed");
    assert_eq!(refused.error, GroupError::StoreFailed);
    assert_eq!(f.commit_to(&other, "t", 7).await, Err(GroupError::StoreFailed));
    let read = f.groups.offsets(&permit(), &other, Wanted::All).await;
    read.expect_err("the second commit is not durable");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_group_leaves_nothing_behind_and_can_come_again() {
    let f = fixture().await;
    f.commit("t", 5).await.expect("it is committed");
    assert_eq!(f.groups.list(&permit()).await.expect("durable").len(), 1);
    f.groups.delete(&permit(), &g()).await.expect("it is empty");
    assert_eq!(f.groups.shared.cells.len(), 0);
    assert_eq!(f.groups.list(&permit()).await, Ok(Vec::new()));
    assert_eq!(f.state().await, None);
    f.commit("t", 7).await.expect("it is committed");
    assert_eq!(f.offsets().await, [("t".to_owned(), 7)]);
}

#[tokio::test(start_paused = true)]
async fn asking_for_a_group_that_does_not_exist_does_not_make_it() {
    let f = fixture().await;
    let stranger = Presence { member: MemberId::from("x"), instance: None, generation: 1 };
    let beat = f.groups.heartbeat(&permit(), &g(), stranger).await;
    assert_eq!(beat, Err(GroupError::UnknownMember));
    assert_eq!(f.state().await, None);
    assert_eq!(f.offsets().await, []);
    assert_eq!(f.groups.delete(&permit(), &g()).await, Err(GroupError::NoSuchGroup));
    assert_eq!(f.groups.shared.cells.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_group_without_members_and_offsets_is_forgotten_in_time() {
    let f = fixture().await;
    let presence = f.member().await;
    let leaver = Leaver { member: presence.member, instance: None, reason: None };
    f.groups.leave(&permit(), &g(), vec![leaver]).await.expect("it leaves");
    assert_eq!(f.state().await, Some(State::Empty));
    f.pass(601).await;
    assert_eq!(f.state().await, None);
    assert_eq!(f.groups.shared.cells.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn offsets_of_topics_that_are_gone_go_too() {
    let f = fixture().await;
    for topic in ["t", "u", "v"] {
        f.commit(topic, 5).await.expect("it is committed");
    }
    f.groups.topic_deleted("t");
    f.groups.retain_topics(|topic| topic == "v");
    assert_eq!(f.offsets().await, [("v".to_owned(), 5)]);
    let shown = f.groups.committed();
    assert_eq!((shown.len(), &*shown[0].topic, shown[0].offset), (1, "v", 5));
}

#[tokio::test(start_paused = true)]
async fn names_are_needed_where_kafka_needs_them() {
    let f = fixture().await;
    let nameless = GroupId::from("");
    let presence = Presence { member: MemberId::from("x"), instance: None, generation: 1 };
    let beat = f.groups.heartbeat(&permit(), &nameless, presence).await;
    assert_eq!(beat, Err(GroupError::NoName));
    assert_eq!(f.groups.delete(&permit(), &nameless).await, Err(GroupError::NoSuchGroup));
}
