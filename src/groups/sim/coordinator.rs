//! The coordinator as the broker runs it: a group, a store that lags, answers that wait for it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::super::classic::State;
use super::super::inputs::{
    Commit, Generation, Input, Join, Leaver, Presence, Rules, Sync, Ticket,
};
use super::super::{Answer, Effects, Event, Group, records};
use super::client::read_assignment;
use crate::base::{GroupId, Now};
use crate::store::{Space, Write};

const RULES: Rules = Rules {
    initial_rebalance_delay_ms: 3_000,
    session_timeout_min_ms: 6_000,
    session_timeout_max_ms: 60_000,
    members_max: 100,
    offset_metadata_max: 4_096,
    offsets_retention_ms: 3_600_000,
};

/// What a client asks.
#[derive(Clone, Debug)]
pub(super) enum Request {
    Join(Box<Join>),
    Sync(Sync),
    Heartbeat(Presence),
    Leave(Vec<Leaver>),
    Commit(Commit),
}

type Contents = BTreeMap<(Space, Bytes), Bytes>;

/// What was submitted together, and who is answered when it is durable.
#[derive(Default)]
struct Submitted {
    life: u32,
    writes: Vec<Write>,
    answers: Vec<(Ticket, Answer)>,
    /// Partition and offset of each commit in it.
    commits: Vec<(i32, i64)>,
}

pub(super) struct Coordinator {
    group: Group,
    durable: Contents,
    /// The durable contents and all that is submitted.
    newest: Contents,
    queue: VecDeque<Submitted>,
    ticket: Ticket,
    /// Whether the last input did.
    wrote: bool,
    generation: Generation,
    /// Counts commits. They commit this count, so that the later of two can be told.
    commits: i64,
    /// The last commit of a partition that a client may know of.
    acknowledged: BTreeMap<i32, i64>,
    /// Counts the lives of the group: generations begin anew in each.
    life: u32,
    /// Which client was told to own a partition in a generation of a life.
    owners: BTreeMap<(u32, Generation, i32), usize>,
}

impl Coordinator {
    pub(super) fn new() -> Self {
        Self {
            group: Group::new(GroupId::from("g")),
            durable: Contents::new(),
            newest: Contents::new(),
            queue: VecDeque::new(),
            ticket: 0,
            wrote: false,
            generation: 0,
            commits: 0,
            acknowledged: BTreeMap::new(),
            life: 0,
            owners: BTreeMap::new(),
        }
    }

    pub(super) fn group(&self) -> &Group {
        &self.group
    }

    pub(super) fn next_ticket(&mut self) -> Ticket {
        self.ticket += 1;
        self.ticket
    }

    pub(super) fn deadline_ms(&self) -> Option<u64> {
        self.group.deadline().map(|at| at.as_millis() as u64)
    }

    /// Requests that wait in the group, or whose answers wait for the store.
    pub(super) fn undelivered(&self) -> usize {
        let mut probe = self.group.clone();
        let parked = probe.apply(now(0), &RULES, Input::StoreFailed).answers.len();
        parked + self.queue.iter().map(|submitted| submitted.answers.len()).sum::<usize>()
    }

    /// Tells whether something was written.
    pub(super) fn request(&mut self, now_ms: u64, ticket: Ticket, request: Request) -> bool {
        let input = match request {
            Request::Join(mut join) => {
                // The broker gives randomness to each request, also to one that comes twice.
                join.random = Arc::from(ticket.to_string());
                Input::Join(ticket, join)
            }
            Request::Sync(sync) => Input::Sync(ticket, sync),
            Request::Heartbeat(presence) => Input::Heartbeat(ticket, presence),
            Request::Leave(leavers) => Input::Leave(ticket, leavers),
            Request::Commit(mut commit) => {
                self.commits += 1;
                commit.items.iter_mut().for_each(|item| item.offset = self.commits);
                Input::Commit(ticket, commit)
            }
        };
        self.apply(now_ms, input)
    }

    pub(super) fn alarm(&mut self, now_ms: u64) -> bool {
        self.apply(now_ms, Input::Alarm)
    }

    pub(super) fn expire(&mut self, now_ms: u64) -> bool {
        self.apply(now_ms, Input::ExpireOffsets)
    }

    fn apply(&mut self, now_ms: u64, input: Input) -> bool {
        let items = match &input {
            Input::Commit(_, commit) => commit.items.clone(),
            _ => Vec::new(),
        };
        let Effects { writes, answers, events } = self.group.apply(now(now_ms), &RULES, input);
        events.iter().for_each(|event| self.check_event(event));
        write_to(&mut self.newest, &writes);
        let committed = matches!(answers.first(), Some((_, Answer::Commit(Ok(_)))));
        let commits: Vec<_> = items
            .iter()
            .filter(|_| committed)
            .map(|item| (item.key.partition, item.offset))
            .collect();
        self.wrote = !writes.is_empty();
        self.queue.push_back(Submitted { life: self.life, writes, answers, commits });
        self.wrote
    }

    fn check_event(&mut self, event: &Event) {
        match event {
            Event::Joined { generation, .. } | Event::Emptied { generation } => {
                assert_eq!(*generation, self.generation + 1, "I2");
                self.generation = *generation;
            }
            Event::Died => {
                self.generation = 0;
                self.life += 1;
            }
            Event::Rebalancing { .. }
            | Event::Assigned { .. }
            | Event::Removed { .. }
            | Event::Replaced { .. } => {}
        }
    }

    /// One more submission is durable: its answers leave.
    pub(super) fn durable(&mut self) -> (u32, Vec<(Ticket, Answer)>) {
        let Some(submitted) = self.queue.pop_front() else { return (0, Vec::new()) };
        write_to(&mut self.durable, &submitted.writes);
        for (partition, offset) in submitted.commits {
            self.acknowledged.insert(partition, offset);
        }
        (submitted.life, submitted.answers)
    }

    /// What was submitted survives in part, but always a beginning of it.
    pub(super) fn crash(&mut self, now_ms: u64, percent: usize) {
        let survivors = self.queue.len() * percent / 100;
        for submitted in self.queue.drain(..).take(survivors) {
            write_to(&mut self.durable, &submitted.writes);
        }
        self.queue.clear();
        self.newest = self.durable.clone();
        self.group = restore(&self.durable, now_ms);
        self.generation = self.group.classic.record().generation;
        self.life += u32::from(self.generation == 0);
        for (partition, acknowledged) in &self.acknowledged {
            let kept = self.group.committed("t", *partition).map(|committed| committed.offset);
            assert!(kept >= Some(*acknowledged), "a commit was lost");
        }
    }

    /// A client is about to learn what it owns: nobody else may have been told the same.
    pub(super) fn note_owner(&mut self, life: u32, client: usize, answer: &Answer) {
        let Answer::Sync(Ok(synced)) = answer else { return };
        let (generation, owned) = read_assignment(&synced.assignment);
        for partition in owned {
            let owner = *self.owners.entry((life, generation, partition)).or_insert(client);
            assert_eq!(owner, client, "one owner of {partition} in {generation}");
        }
    }

    pub(super) fn check_invariants(&self) {
        let record = self.group.classic.record();
        assert_eq!(record.generation, self.generation, "I2");
        let state = self.group.state();
        let Write::Put { space, key, value } = records::put_group(self.group.id(), &record) else {
            unreachable!("a group is put")
        };
        let kept = self.newest.get(&(space, key));
        match state {
            State::Stable => assert_eq!(kept, Some(&value), "I4"),
            State::Empty if kept.is_some() => assert_eq!(kept, Some(&value), "I4"),
            State::Dead => assert_eq!(kept, None, "I4"),
            State::Empty | State::PreparingRebalance | State::CompletingRebalance => {}
        }
        if state == State::Stable {
            let prefix = format!("{}:", self.generation);
            for member in self.group.describe().members {
                assert!(member.assignment.starts_with(prefix.as_bytes()), "I3: {member:?}");
            }
        }
        if self.wrote {
            let rebuilt = restore(&self.newest, 0);
            assert!(self.group.all_committed().eq(rebuilt.all_committed()), "I4");
        }
    }
}

fn now(now_ms: u64) -> Now {
    Now { tick: Duration::from_millis(now_ms), wall_ms: now_ms as i64 }
}

fn write_to(contents: &mut Contents, writes: &[Write]) {
    for write in writes {
        match write {
            Write::Put { space, key, value } => {
                contents.insert((*space, key.clone()), value.clone());
            }
            Write::Delete { space, key } => {
                contents.remove(&(*space, key.clone()));
            }
            Write::Append { .. } => unreachable!("groups write small state only"),
        }
    }
}

fn restore(contents: &Contents, now_ms: u64) -> Group {
    let read = contents.iter().map(|((space, key), value)| {
        let read = match space {
            Space::Groups => records::read_group(key, value),
            _ => records::read_offset(key, value),
        };
        read.expect("it was written").1
    });
    Group::restore(GroupId::from("g"), now(now_ms), &RULES, read).expect("sound")
}
