//! A client as real ones behave: it joins, syncs, beats, commits, and starts again on errors.

use std::sync::Arc;

use bytes::Bytes;

use super::super::inputs::{
    Commit, CommitItem, Join, JoinDialect, Leaver, OffsetKey, Presence, Protocol, Sync,
};
use super::super::{Answer, Group, GroupError, JoinRefused, Joined};
use super::PARTITIONS;
use super::coordinator::Request;
use crate::base::MemberId;

const SESSION_MS: u64 = 10_000;
const REBALANCE_MS: u64 = 20_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Outside,
    Joining,
    Syncing,
    Working,
    Leaving,
}

pub(super) struct Client {
    index: usize,
    instance: Option<Arc<str>>,
    alive: bool,
    member: MemberId,
    generation: i32,
    phase: Phase,
    number: u32,
    /// The request that waits: its number and when it is given up.
    waiting: Option<(u32, u64)>,
    roll: Vec<MemberId>,
    /// Partitions it believes to own.
    owned: Vec<i32>,
    next_beat_ms: u64,
    lives_lived: u32,
}

impl Client {
    pub(super) fn new(index: usize) -> Self {
        Self {
            index,
            instance: index.is_multiple_of(3).then(|| Arc::from(format!("static{index}"))),
            alive: true,
            member: MemberId::from(""),
            generation: -1,
            phase: Phase::Outside,
            number: 0,
            waiting: None,
            roll: Vec::new(),
            owned: Vec::new(),
            next_beat_ms: 0,
            lives_lived: 0,
        }
    }

    pub(super) fn lives(&self) -> bool {
        self.alive
    }

    /// Its partitions, when it works in the group's current generation.
    pub(super) fn working_in(&self, group: &Group) -> Option<&[i32]> {
        let current = self.generation == group.classic.record().generation;
        (self.phase == Phase::Working && current).then_some(&self.owned)
    }

    /// Dies, or comes to life; anew means without knowing what it was.
    pub(super) fn toggle(&mut self, now_ms: u64, anew: bool) {
        self.alive = !self.alive;
        self.waiting = None;
        self.owned.clear();
        self.phase = Phase::Outside;
        self.next_beat_ms = now_ms;
        if self.alive {
            self.lives_lived += 1;
        }
        if anew {
            self.forget();
        }
    }

    fn forget(&mut self) {
        self.member = MemberId::from("");
        self.generation = -1;
        self.owned.clear();
        self.phase = Phase::Outside;
    }

    /// What it sends now.
    pub(super) fn act(&mut self, now_ms: u64, whim: u64) -> Option<(u32, Request)> {
        if !self.alive {
            return None;
        }
        match self.waiting {
            Some((_, until_ms)) if now_ms < until_ms => return None,
            Some(_) if matches!(self.phase, Phase::Joining | Phase::Syncing | Phase::Leaving) => {
                self.phase = Phase::Outside;
            }
            Some(_) | None => {}
        }
        self.waiting = None;
        let (request, patience_ms) = match self.phase {
            Phase::Outside => {
                self.phase = Phase::Joining;
                (self.join(), REBALANCE_MS + 5_000)
            }
            Phase::Working if whim == 0 => {
                self.phase = Phase::Leaving;
                (self.leave(), 5_000)
            }
            Phase::Working if whim < 20 && !self.owned.is_empty() => (self.commit(), 5_000),
            Phase::Working if now_ms >= self.next_beat_ms => {
                self.next_beat_ms = now_ms + SESSION_MS / 3;
                (Request::Heartbeat(self.presence()), 5_000)
            }
            Phase::Working | Phase::Joining | Phase::Leaving => return None,
            Phase::Syncing => (self.sync(), REBALANCE_MS),
        };
        self.number += 1;
        self.waiting = Some((self.number, now_ms + patience_ms));
        Some((self.number, request))
    }

    fn presence(&self) -> Presence {
        Presence {
            member: self.member.clone(),
            instance: self.instance.clone(),
            generation: self.generation,
        }
    }

    fn join(&self) -> Request {
        // What it wants changes with each life, so that static members change their metadata too.
        let metadata = Bytes::from(format!("want{}", self.lives_lived / 2));
        let protocol = |name: &str| Protocol { name: Arc::from(name), metadata: metadata.clone() };
        let protocols = match self.index % 2 {
            0 => vec![protocol("range"), protocol("sticky")],
            _ => vec![protocol("sticky"), protocol("range")],
        };
        Request::Join(Box::new(Join {
            member: self.member.clone(),
            instance: self.instance.clone(),
            client_id: Arc::from(format!("c{}", self.index)),
            client_host: Arc::from("/127.0.0.1"),
            session_timeout_ms: SESSION_MS as i32,
            rebalance_timeout_ms: REBALANCE_MS as i32,
            protocol_type: Arc::from("consumer"),
            protocols,
            random: Arc::from(""),
            dialect: JoinDialect {
                knows_its_id_first: self.index != 5,
                can_skip_assignment: self.index != 0,
            },
            reason: None,
        }))
    }

    fn leave(&self) -> Request {
        Request::Leave(vec![Leaver {
            member: self.member.clone(),
            instance: self.instance.clone(),
            reason: None,
        }])
    }

    /// The leader gives everybody the partitions in turn.
    fn sync(&self) -> Request {
        let share = |place: usize| {
            let mine = (0..PARTITIONS).filter(|p| *p as usize % self.roll.len() == place);
            mine.map(|partition| partition.to_string()).collect::<Vec<_>>().join(",")
        };
        let part = |(place, id): (usize, &MemberId)| {
            (id.clone(), Bytes::from(format!("{}:{}", self.generation, share(place))))
        };
        Request::Sync(Sync {
            presence: self.presence(),
            protocol_type: Some(Arc::from("consumer")),
            protocol: None,
            assignments: self.roll.iter().enumerate().map(part).collect(),
        })
    }

    fn commit(&self) -> Request {
        let item = |partition: &i32| CommitItem {
            key: OffsetKey { topic: Arc::from("t"), partition: *partition },
            offset: 0,
            leader_epoch: 0,
            metadata: Arc::from(""),
        };
        let items = self.owned.iter().map(item).collect();
        Request::Commit(Commit { presence: self.presence(), retention_ms: None, items })
    }

    /// An answer has come; those to requests that were given up are not listened to.
    pub(super) fn hear(&mut self, now_ms: u64, number: u32, answer: &Answer) {
        if !self.alive || self.waiting.is_none_or(|(waiting, _)| waiting != number) {
            return;
        }
        self.waiting = None;
        match answer {
            Answer::Join(Ok(joined)) => self.hear_joined(now_ms, joined),
            Answer::Join(Err(JoinRefused { error: GroupError::IdFirst, member })) => {
                self.member = member.clone();
                self.phase = Phase::Outside;
            }
            Answer::Join(Err(refused)) => self.hear_error(refused.error),
            Answer::Sync(Ok(synced)) => {
                self.phase = Phase::Working;
                self.next_beat_ms = now_ms;
                let (generation, owned) = read_assignment(&synced.assignment);
                assert_eq!(generation, self.generation, "I3: of this generation");
                self.owned = owned;
            }
            Answer::Heartbeat(Ok(())) => {}
            Answer::Sync(Err(error))
            | Answer::Heartbeat(Err(error))
            | Answer::Commit(Err(error)) => {
                self.hear_error(*error);
            }
            Answer::Commit(Ok(_)) => {}
            Answer::Leave(_) => self.forget(),
            Answer::DeleteOffsets(_) | Answer::Delete(_) => unreachable!("never asked for"),
        }
    }

    fn hear_joined(&mut self, now_ms: u64, joined: &Joined) {
        self.member = joined.member.clone();
        self.generation = joined.generation;
        self.owned.clear();
        self.phase = Phase::Syncing;
        self.next_beat_ms = now_ms;
        let skips = joined.skip_assignment;
        let members = joined.members.iter().filter(|_| !skips);
        self.roll = members.map(|(id, ..)| id.clone()).collect();
    }

    fn hear_error(&mut self, error: GroupError) {
        match error {
            GroupError::Rebalancing if self.phase == Phase::Working => {
                self.owned.clear();
                self.phase = Phase::Outside;
            }
            GroupError::Rebalancing | GroupError::StoreFailed => self.phase = Phase::Outside,
            GroupError::FencedInstance if self.instance.is_some() => {
                // An earlier self has this name: a real client ends, this one starts over.
                self.forget();
            }
            GroupError::UnknownMember
            | GroupError::OtherGeneration
            | GroupError::NoSuchGeneration
            | GroupError::NoSuchGroup => self.forget(),
            other => panic!("not in this world: {other:?}"),
        }
    }
}

/// The generation and the partitions of an assignment as `Client::sync` makes it.
pub(super) fn read_assignment(assignment: &[u8]) -> (i32, Vec<i32>) {
    let text = std::str::from_utf8(assignment).expect("text");
    let (generation, share) = text.split_once(':').expect("I3: an assignment");
    let parts = share.split(',').filter(|part| !part.is_empty());
    let owned = parts.map(|part| part.parse().expect("a partition")).collect();
    (generation.parse().expect("a generation"), owned)
}
