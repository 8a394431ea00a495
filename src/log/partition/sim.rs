//! A partition, its store and its producers in one thread, driven by a seed: connections break and
//! requests and answers get lost with them, producers repeat and restart, the machine stops between
//! submit and durable and comes back with any prefix of what was submitted.
//!
//! Checked after every step: L1 and L2. After every crash: L4. At the end: every acknowledged
//! record that was not trimmed is there once, at the offset that was answered (L5), and what each
//! producer wrote is in its order.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;

use crate::base::{LogId, Now, Offset};
use crate::log::partition::{AppendError, Partition};
use crate::store::{LogEnd, Space, Write};
use crate::wire::batch::validate;
use crate::wire::sample::{NOW_MS, Sample, rules, sample};

const LOG: LogId = LogId { family: 1, topic: 2, partition: 3 };
const PRODUCERS: usize = 4;
const IN_FLIGHT_MAX: usize = 5;
const STEPS: usize = 600;

#[test]
fn nothing_acknowledged_is_lost_or_doubled_and_order_holds() {
    for seed in 0..200 {
        World::run(seed);
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    assert_eq!(World::run(42), World::run(42));
    assert_ne!(World::run(42), World::run(43));
}

/// splitmix64: all the chance there is.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }
}

/// A batch that its producer has no answer for yet.
#[derive(Clone, Debug)]
struct Unanswered {
    sequence: i32,
    values: Vec<String>,
}

#[derive(Default)]
struct Client {
    connected: bool,
    epoch: i16,
    next: i32,
    unanswered: VecDeque<Unanswered>,
    wrote_ms: i64,
}

/// An answer on its way: it leaves when list number `after` is durable.
struct Answer {
    after: usize,
    client: usize,
    epoch: i16,
    sequence: i32,
    base: Offset,
}

struct World {
    dice: Dice,
    now_ms: i64,
    partition: Partition,
    /// Every list that was submitted and not lost.
    submitted: Vec<Vec<Write>>,
    /// How many of them are durable.
    durable: usize,
    /// The producers and the log end as they were after each list.
    history: Vec<Partition>,
    clients: Vec<Client>,
    answers: Vec<Answer>,
    acknowledged: BTreeMap<Offset, Vec<String>>,
    trace: Vec<String>,
}

impl World {
    fn run(seed: u64) -> Vec<String> {
        let mut world = Self {
            dice: Dice(seed),
            now_ms: NOW_MS,
            partition: Partition::new(LOG, 0),
            submitted: Vec::new(),
            durable: 0,
            history: Vec::new(),
            clients: (0..PRODUCERS).map(|_| Client::default()).collect(),
            answers: Vec::new(),
            acknowledged: BTreeMap::new(),
            trace: Vec::new(),
        };
        for _ in 0..STEPS {
            world.step();
            let log = &world.partition;
            assert!(log.log_start() <= log.high_watermark(), "L1, seed {seed}");
            assert!(log.high_watermark() <= log.log_end(), "L1, seed {seed}");
        }
        world.crash();
        world.check(seed);
        world.trace
    }

    fn step(&mut self) {
        self.now_ms += 1;
        let client = self.dice.roll(PRODUCERS);
        match self.dice.roll(100) {
            0..40 => self.produce(client),
            40..55 => self.reconnect(client),
            55..60 => self.produce_plain(),
            60..85 => self.sync(),
            85..90 => self.trim(),
            90..92 => self.restart_client(client),
            92..94 => self.zombie(client),
            94..97 => self.expire(),
            _ => self.crash(),
        }
    }

    fn now(&self) -> Now {
        Now { tick: Duration::ZERO, wall_ms: self.now_ms }
    }

    fn produce(&mut self, client: usize) {
        if self.clients[client].unanswered.len() == IN_FLIGHT_MAX {
            return;
        }
        let count = 1 + self.dice.roll(3) as i32;
        let Client { epoch, next, unanswered, .. } = &mut self.clients[client];
        let values = (*next..*next + count).map(|n| format!("{client} {epoch} {n:06}")).collect();
        let batch = Unanswered { sequence: *next, values };
        unanswered.push_back(batch.clone());
        *next += count;
        if self.clients[client].connected {
            self.send(client, &batch);
        }
    }

    /// A client that lost its connection makes a new one and sends all that it has no answer for,
    /// in order.
    fn reconnect(&mut self, client: usize) {
        self.disconnect(client);
        self.clients[client].connected = true;
        for batch in self.clients[client].unanswered.clone() {
            if !self.clients[client].connected {
                break;
            }
            self.send(client, &batch);
        }
    }

    fn disconnect(&mut self, client: usize) {
        self.clients[client].connected = false;
        self.answers.retain(|answer| answer.client != client);
    }

    fn send(&mut self, client: usize, batch: &Unanswered) {
        if self.dice.roll(10) == 0 {
            self.trace.push(format!("request of {client} lost"));
            return self.disconnect(client);
        }
        let epoch = self.clients[client].epoch;
        let end = self.partition.log_end();
        let base = self.append(client as i64, epoch, batch).expect("it is in order");
        if base == end {
            self.clients[client].wrote_ms = self.now_ms;
        }
        let (after, sequence) = (self.submitted.len(), batch.sequence);
        self.answers.push(Answer { after, client, epoch, sequence, base });
    }

    fn append(&mut self, id: i64, epoch: i16, batch: &Unanswered) -> Result<Offset, AppendError> {
        let values: Vec<&str> = batch.values.iter().map(String::as_str).collect();
        let bytes = sample(&values).from_producer(id, epoch, batch.sequence).bytes();
        let valid = validate(&bytes, &rules()).expect("it is honest");
        let before = self.partition.log_end();
        let appended = self.partition.append(self.now(), valid)?;
        self.trace.push(format!("{:?} at {}", batch.values, appended.base));
        if appended.duplicate {
            assert_eq!(self.partition.log_end(), before, "L2");
        } else {
            assert_eq!(appended.base, before, "L2");
            assert_eq!(self.partition.log_end(), before + values.len() as i64, "L2");
            self.submit(appended.writes);
        }
        Ok(appended.base)
    }

    fn produce_plain(&mut self) {
        let batch = Unanswered { sequence: -1, values: vec![format!("plain {}", self.now_ms)] };
        self.append(-1, -1, &batch).expect("nothing can be wrong with it");
    }

    fn submit(&mut self, writes: Vec<Write>) {
        self.submitted.push(writes);
        self.history.push(self.partition.clone());
    }

    /// Some of what was submitted becomes durable; some of the answers then arrive.
    fn sync(&mut self) {
        let pending = self.submitted.len() - self.durable;
        self.durable += self.dice.roll(pending + 1);
        let ends =
            self.submitted[..self.durable].iter().flatten().filter_map(|write| match write {
                Write::Append { last, .. } => Some(last + 1),
                _ => None,
            });
        if let Some(end) = ends.last() {
            self.partition.advance(end);
        }
        let (ready, waiting): (Vec<_>, Vec<_>) =
            self.answers.drain(..).partition(|answer| answer.after <= self.durable);
        self.answers = waiting;
        for answer in ready {
            if self.dice.roll(5) == 0 {
                self.disconnect(answer.client);
            }
            if self.clients[answer.client].connected {
                self.acknowledge(&answer);
            }
        }
    }

    fn acknowledge(&mut self, answer: &Answer) {
        let client = &mut self.clients[answer.client];
        let place = client.unanswered.iter().position(|batch| batch.sequence == answer.sequence);
        let Some(place) = place.filter(|_| client.epoch == answer.epoch) else { return };
        let batch = client.unanswered.remove(place).expect("it was just found");
        let doubled = self.acknowledged.insert(answer.base, batch.values);
        assert!(doubled.is_none(), "two batches were given offset {}", answer.base);
    }

    fn trim(&mut self) {
        if self.dice.roll(3) > 0 {
            return;
        }
        let (start, end) = (self.partition.log_start(), self.partition.high_watermark());
        let before = start + self.dice.roll((end - start) as usize + 1) as i64;
        if let Some(write) = self.partition.trim(before).expect("it is durable") {
            self.trace.push(format!("trim {before}"));
            self.submit(vec![write]);
        }
    }

    /// The application starts anew and gets the next epoch; what is unanswered is given up.
    fn restart_client(&mut self, client: usize) {
        self.disconnect(client);
        let epoch = self.clients[client].epoch + 1;
        self.clients[client] = Client { epoch, ..Client::default() };
    }

    /// An old instance wakes up. If the new one has written, it is fenced.
    fn zombie(&mut self, client: usize) {
        let epoch = self.clients[client].epoch - 1;
        let known = self.partition.producers().find(|producer| producer.id == client as i64);
        if epoch < 0 || known.is_none_or(|producer| producer.epoch <= epoch) {
            return;
        }
        let batch = Unanswered { sequence: 0, values: vec!["zombie".to_owned()] };
        let refused = self.append(client as i64, epoch, &batch);
        assert!(matches!(refused, Err(AppendError::InvalidProducerEpoch { .. })));
    }

    fn expire(&mut self) {
        let after_ms = 60;
        let silent = |client: &Client| {
            !client.unanswered.is_empty() && client.wrote_ms + after_ms <= self.now_ms
        };
        // Who repeats after so long may write twice, in Kafka too.
        if self.clients.iter().any(silent) {
            return;
        }
        let writes = self.partition.expire_producers(self.now(), after_ms);
        if !writes.is_empty() {
            self.trace.push(format!("{} expired", writes.len()));
            self.submit(writes);
        }
    }

    /// The machine stops. What was durable is kept, and maybe more, but without a hole.
    fn crash(&mut self) {
        let kept = self.durable + self.dice.roll(self.submitted.len() - self.durable + 1);
        self.trace.push(format!("crash, {kept} of {} lists kept", self.submitted.len()));
        self.submitted.truncate(kept);
        self.history.truncate(kept);
        self.durable = kept;
        for client in 0..PRODUCERS {
            self.disconnect(client);
            self.clients[client].wrote_ms = 0;
        }
        self.partition = Disk::of(&self.submitted).open(self.partition.epoch() + 1);
        if let Some(then) = self.history.last() {
            assert_eq!(self.partition.log_end(), then.log_end(), "L4");
            assert_eq!(self.partition.log_start(), then.log_start(), "L4");
            assert!(self.partition.producers().eq(then.producers()), "L4");
            let epochs = |log: &Partition| -> Vec<i32> {
                (then.log_start()..then.log_end()).map(|offset| log.epoch_at(offset)).collect()
            };
            assert_eq!(epochs(&self.partition), epochs(then), "L4");
        }
    }

    fn check(&self, seed: u64) {
        let disk = Disk::of(&self.submitted);
        let values = disk.values();
        for (base, batch) in self.acknowledged.range(self.partition.log_start()..) {
            for (offset, value) in (*base..).zip(batch) {
                assert_eq!(values.get(&offset), Some(value), "seed {seed}, offset {offset}");
            }
        }
        for client in 0..PRODUCERS {
            let own = format!("{client} ");
            let written: Vec<_> = values.values().filter(|value| value.starts_with(&own)).collect();
            assert!(written.is_sorted_by(|a, b| a < b), "seed {seed}: {written:?}");
        }
        assert!(self.acknowledged.len() > 10, "seed {seed} proves little");
    }
}

/// What the store holds.
#[derive(Default)]
struct Disk {
    batches: BTreeMap<Offset, (Offset, Bytes)>,
    start: Option<Bytes>,
    producers: BTreeMap<Bytes, Bytes>,
}

impl Disk {
    fn of(lists: &[Vec<Write>]) -> Self {
        let mut disk = Self::default();
        for write in lists.iter().flatten().cloned() {
            match write {
                Write::Append { base, last, records, .. } => {
                    let end = disk.batches.last_key_value().map_or(0, |(_, (last, _))| last + 1);
                    assert_eq!(base, end, "L2");
                    disk.batches.insert(base, (last, records));
                }
                Write::Put { space: Space::LogStarts, value, .. } => disk.start = Some(value),
                Write::Put { key, value, .. } => drop(disk.producers.insert(key, value)),
                Write::Delete { key, .. } => drop(disk.producers.remove(&key)),
            }
        }
        disk
    }

    fn open(&self, epoch: i32) -> Partition {
        let end = self.batches.last_key_value();
        let end = end.map(|(_, (last, _))| LogEnd { next: last + 1, max_time: None, bytes: 0 });
        let producers: Vec<_> = self.producers.clone().into_iter().collect();
        Partition::restore(LOG, epoch, self.start.as_deref(), end, &producers)
            .expect("it was written by a partition")
    }

    /// Every record's value by its offset.
    fn values(&self) -> BTreeMap<Offset, String> {
        let batch = |(base, (_, records)): (&Offset, &(Offset, Bytes))| {
            (*base..).zip(Sample::read(records).values()).collect::<Vec<_>>()
        };
        self.batches.iter().flat_map(batch).collect()
    }
}
