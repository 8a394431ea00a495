//! Reads the lines of a table, drives a group and says in words what it did.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::base::{GroupId, MemberId, Now};
use crate::groups::{
    Answer, Commit, CommitItem, Effects, Group, Input, Join, JoinDialect, Leaver, OffsetKey,
    Presence, Protocol, Rules, State, Sync, Ticket, records,
};
use crate::store::{Space, Write};

pub(super) const RULES: Rules = Rules {
    initial_rebalance_delay_ms: 3_000,
    session_timeout_min_ms: 6_000,
    session_timeout_max_ms: 1_800_000,
    members_max: 3,
    offset_metadata_max: 8,
    offsets_retention_ms: 3_600_000,
};

/// Runs the lines on a group that does not exist yet.
pub(super) fn check(lines: &[(&str, &str)]) {
    let mut world = World::new();
    for (number, (line, expected)) in lines.iter().enumerate() {
        let got = world.run(line);
        assert_eq!(&got, expected, "line {number}: {line}");
    }
}

#[derive(Clone, Default)]
struct Client {
    member: String,
    generation: i32,
    instance: Option<String>,
}

pub(super) struct World {
    pub(super) group: Group,
    pub(super) store: BTreeMap<(Space, Bytes), Bytes>,
    now_ms: u64,
    clients: HashMap<String, Client>,
    /// Who waits with which ticket.
    tickets: HashMap<Ticket, String>,
    next_ticket: Ticket,
    joins: u32,
    said: Vec<String>,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            group: Group::new(GroupId::from("g")),
            store: BTreeMap::new(),
            now_ms: 0,
            clients: HashMap::new(),
            tickets: HashMap::new(),
            next_ticket: 1,
            joins: 0,
            said: Vec::new(),
        }
    }

    pub(super) fn run(&mut self, line: &str) -> String {
        let mut words = line.split_whitespace();
        let seconds = words.next().expect("a time").trim_end_matches('s');
        let until_ms = (seconds.parse::<f64>().expect("seconds") * 1_000.0) as u64;
        self.said.clear();
        self.pass_time(until_ms);
        if let Some(verb) = words.next() {
            self.act(verb, &words.collect::<Vec<_>>());
        }
        self.said.join("; ")
    }

    fn now(&self) -> Now {
        Now {
            tick: Duration::from_millis(self.now_ms),
            wall_ms: i64::try_from(self.now_ms).expect("small"),
        }
    }

    fn pass_time(&mut self, until_ms: u64) {
        assert!(until_ms >= self.now_ms, "time goes forward");
        while let Some(at) = self.group.deadline() {
            let at_ms = u64::try_from(at.as_millis()).expect("small");
            if at_ms > until_ms {
                break;
            }
            self.now_ms = at_ms.max(self.now_ms);
            self.apply(Input::Alarm);
        }
        self.now_ms = until_ms;
    }

    fn act(&mut self, verb: &str, words: &[&str]) {
        match verb {
            "join" => self.join(words[0], &words[1..]),
            "sync" => self.sync(words[0], &words[1..]),
            "beat" => {
                let presence = self.presence(words[0], &words[1..]);
                let ticket = self.ticket(words[0]);
                self.apply(Input::Heartbeat(ticket, presence));
            }
            "leave" => self.leave(words),
            "commit" => self.commit(words[0], &words[1..]),
            "forget" => {
                let ticket = self.ticket("-");
                let keys = words.iter().map(|word| key(word)).collect();
                self.apply(Input::DeleteOffsets(ticket, keys));
            }
            "delete" => {
                let ticket = self.ticket("-");
                self.apply(Input::Delete(ticket));
            }
            "topic-deleted" => self.apply(Input::TopicDeleted(Arc::from(words[0]))),
            "expire" => self.apply(Input::ExpireOffsets),
            "fail" => self.apply(Input::StoreFailed),
            "restart" => self.restart(),
            "state" => self.said.push(self.group.state().name().to_owned()),
            "offsets" => self.say_offsets(),
            other => panic!("no such verb: {other}"),
        }
    }

    fn ticket(&mut self, name: &str) -> Ticket {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.tickets.insert(ticket, name.to_owned());
        ticket
    }

    fn presence(&mut self, name: &str, words: &[&str]) -> Presence {
        let client = self.clients.entry(name.to_owned()).or_default();
        let generation =
            option(words, "gen").map_or(client.generation, |g| g.parse().expect("gen"));
        let member = option(words, "id").map_or(client.member.clone(), str::to_owned);
        Presence {
            member: MemberId::from(member.as_str()),
            instance: client.instance.as_deref().map(Arc::from),
            generation,
        }
    }

    fn join(&mut self, name: &str, words: &[&str]) {
        self.joins += 1;
        let client = self.clients.entry(name.to_owned()).or_default();
        if words.contains(&"anew") {
            client.member.clear();
        }
        if let Some(instance) = option(words, "as") {
            client.instance = Some(instance.to_owned());
        }
        let (member, instance) = (client.member.clone(), client.instance.clone());
        let names = option(words, "by").unwrap_or("range");
        let metadata = subscription(option(words, "reads").unwrap_or("t"));
        let protocols = names
            .split(',')
            .filter(|name| !name.is_empty())
            .map(|name| Protocol { name: Arc::from(name), metadata: metadata.clone() });
        let ms = |word, default: i32| {
            option(words, word).map_or(default, |text| text.parse().expect("milliseconds"))
        };
        let version = ms("v", 9);
        let join = Join {
            member: MemberId::from(option(words, "id").unwrap_or(&member)),
            instance: instance.as_deref().map(Arc::from),
            client_id: Arc::from(name),
            client_host: Arc::from("/127.0.0.1"),
            session_timeout_ms: ms("session", 10_000),
            rebalance_timeout_ms: ms("rebalance", 60_000),
            protocol_type: Arc::from(option(words, "type").unwrap_or("consumer")),
            protocols: protocols.collect(),
            random: Arc::from(self.joins.to_string()),
            dialect: JoinDialect {
                knows_its_id_first: version >= 4,
                can_skip_assignment: version >= 9,
            },
            reason: None,
        };
        let ticket = self.ticket(name);
        self.apply(Input::Join(ticket, Box::new(join)));
    }

    fn sync(&mut self, name: &str, words: &[&str]) {
        let presence = self.presence(name, words);
        let part = |word: &&str| {
            let (id, part) = word.split_once(':')?;
            Some((MemberId::from(id), Bytes::copy_from_slice(part.as_bytes())))
        };
        let sync = Sync {
            presence,
            protocol_type: option(words, "type").map(Arc::from),
            protocol: option(words, "by").map(Arc::from),
            assignments: words.iter().filter_map(part).collect(),
        };
        let ticket = self.ticket(name);
        self.apply(Input::Sync(ticket, sync));
    }

    fn leave(&mut self, words: &[&str]) {
        let leaver = |word: &&str| match word.strip_prefix("as=") {
            Some(instance) => Leaver {
                member: MemberId::from(""),
                instance: Some(Arc::from(instance)),
                reason: None,
            },
            None => {
                let client = self.clients.get(*word).cloned().unwrap_or_default();
                Leaver {
                    member: MemberId::from(client.member.as_str()),
                    instance: client.instance.as_deref().map(Arc::from),
                    reason: None,
                }
            }
        };
        let leavers = words.iter().map(leaver).collect();
        let ticket = self.ticket("-");
        self.apply(Input::Leave(ticket, leavers));
    }

    fn commit(&mut self, name: &str, words: &[&str]) {
        let presence = match name {
            "-" => Presence { member: MemberId::from(""), instance: None, generation: -1 },
            name => self.presence(name, words),
        };
        let metadata = Arc::from(option(words, "note").unwrap_or(""));
        let item = |word: &&str| {
            let (place, offset) = word.split_once(':')?;
            Some(CommitItem {
                key: key(place),
                offset: offset.parse().expect("an offset"),
                leader_epoch: -1,
                metadata: Arc::clone(&metadata),
            })
        };
        let commit = Commit {
            presence,
            retention_ms: option(words, "keep").map(|ms| ms.parse().expect("milliseconds")),
            items: words.iter().filter_map(item).collect(),
        };
        let ticket = self.ticket(name);
        self.apply(Input::Commit(ticket, commit));
    }

    pub(super) fn apply(&mut self, input: Input) {
        let effects = self.group.apply(self.now(), &RULES, input);
        self.note_answers(&effects);
        self.note_writes(effects.writes);
    }

    fn note_answers(&mut self, effects: &Effects) {
        for (ticket, answer) in &effects.answers {
            let name = self.tickets.remove(ticket).expect("I1: a ticket is answered once");
            let words = self.words(&name, answer);
            self.said.push(if name == "-" { words } else { format!("{name} {words}") });
        }
    }

    fn words(&mut self, name: &str, answer: &Answer) -> String {
        let client = self.clients.entry(name.to_owned()).or_default();
        match answer {
            Answer::Join(Ok(joined)) => {
                client.member = joined.member.to_string();
                client.generation = joined.generation;
                let ids: Vec<_> = joined.members.iter().map(|(id, ..)| id.as_str()).collect();
                let roll =
                    if ids.is_empty() { String::new() } else { format!(" [{}]", ids.join(" ")) };
                let skip = if joined.skip_assignment { " skips" } else { "" };
                let protocol = joined.protocol.as_deref().unwrap_or("-");
                let leader = &joined.leader;
                format!("joined {} by {protocol}, {leader} leads{roll}{skip}", joined.generation)
            }
            Answer::Join(Err(refused)) => {
                if refused.error == crate::groups::GroupError::IdFirst {
                    client.member = refused.member.to_string();
                }
                format!("not joined: {:?}", refused.error)
            }
            Answer::Sync(Ok(synced)) => {
                format!("got '{}'", String::from_utf8_lossy(&synced.assignment))
            }
            Answer::Sync(Err(error)) => format!("not synced: {error:?}"),
            Answer::Heartbeat(Ok(())) => "lives".to_owned(),
            Answer::Heartbeat(Err(error)) => format!("{error:?}"),
            Answer::Leave(answers) => each("left", answers),
            Answer::Commit(Ok(answers)) => each("committed", answers),
            Answer::Commit(Err(error)) => format!("not committed: {error:?}"),
            Answer::DeleteOffsets(Ok(answers)) => each("forgot", answers),
            Answer::DeleteOffsets(Err(error)) => format!("not forgotten: {error:?}"),
            Answer::Delete(Ok(())) => "deleted".to_owned(),
            Answer::Delete(Err(error)) => format!("not deleted: {error:?}"),
        }
    }

    fn note_writes(&mut self, writes: Vec<Write>) {
        for write in writes {
            let word = match &write {
                Write::Put { space: Space::Groups, .. } => "saved",
                Write::Delete { space: Space::Groups, .. } => "erased",
                _ => "offsets",
            };
            if self.said.last().map(String::as_str) != Some(word) {
                self.said.push(word.to_owned());
            }
            match write {
                Write::Put { space, key, value } => self.store.insert((space, key), value),
                Write::Delete { space, key } => self.store.remove(&(space, key)),
                other => panic!("a group writes small state only: {other:?}"),
            };
        }
    }

    /// The broker is killed: what waits is lost, what was written is read back.
    fn restart(&mut self) {
        self.tickets.clear();
        let before = self.group.clone();
        let records: Vec<_> = self
            .store
            .iter()
            .map(|((space, key), value)| {
                let read = match space {
                    Space::Groups => records::read_group(key, value),
                    _ => records::read_offset(key, value),
                };
                read.expect("it was written").1
            })
            .collect();
        let id = self.group.id().clone();
        self.group = Group::restore(id, self.now(), &RULES, records.into_iter()).expect("sound");
        if matches!(before.state(), State::Stable) {
            assert_eq!(self.group.describe(), before.describe(), "I4");
        }
    }

    fn say_offsets(&mut self) {
        for (topic, partition, committed) in self.group.all_committed() {
            self.said.push(format!("{topic}-{partition}:{}", committed.offset));
        }
    }
}

fn each(good: &str, answers: &[Result<(), crate::groups::GroupError>]) -> String {
    let words = answers.iter().map(|answer| match answer {
        Ok(()) => good.to_owned(),
        Err(error) => format!("{error:?}"),
    });
    words.collect::<Vec<_>>().join(" ")
}

fn option<'a>(words: &[&'a str], name: &str) -> Option<&'a str> {
    words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
}

/// `t-0` is partition 0 of topic `t`.
fn key(place: &str) -> OffsetKey {
    let (topic, partition) = place.rsplit_once('-').expect("topic-partition");
    OffsetKey { topic: Arc::from(topic), partition: partition.parse().expect("a number") }
}

/// A consumer's subscription to topics with commas between; `?` is one that cannot be read.
fn subscription(topics: &str) -> Bytes {
    if topics == "?" {
        return Bytes::from_static(b"?");
    }
    let names: Vec<&str> = topics.split(',').collect();
    let mut bytes = vec![0, 1];
    bytes.extend(i32::try_from(names.len()).expect("few").to_be_bytes());
    for name in names {
        bytes.extend(i16::try_from(name.len()).expect("short").to_be_bytes());
        bytes.extend(name.as_bytes());
    }
    bytes.extend([0xff; 4]);
    Bytes::from(bytes)
}
