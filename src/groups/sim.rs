//! A seeded simulation: clients that join, work, leave and die, a network that loses, delays and
//! repeats messages, and a coordinator that crashes between submitting and durable.
//!
//! After every step the invariants of the module above are checked; and in the end, when the
//! faults stop, every client that lives must have its place. The same seed gives the same trace.
//! `KLAMM_SIM_SEEDS=5000 cargo test groups::sim` runs more of them.

mod client;
mod coordinator;

use std::collections::BTreeMap;

use client::Client;
use coordinator::{Coordinator, Request};

use super::inputs::Ticket;
use super::{Answer, State};

const FAULTS_END_MS: u64 = 120_000;
const END_MS: u64 = FAULTS_END_MS + 180_000;
const CLIENTS: usize = 6;
const PARTITIONS: i32 = 5;

#[test]
fn invariants_hold_whatever_the_network_and_the_disk_do() {
    let seeds = std::env::var("KLAMM_SIM_SEEDS").ok().and_then(|text| text.parse().ok());
    for seed in 0..seeds.unwrap_or(200) {
        Sim::new(seed, None).run();
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    for seed in 0..5 {
        let trace = || Sim::new(seed, Some(Vec::new())).run();
        assert_eq!(trace(), trace(), "seed {seed}");
    }
}

/// SplitMix64: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }
}

#[derive(Clone, Debug)]
enum Happening {
    /// A client looks at what it has to do.
    Tick(usize),
    /// A request reaches the coordinator.
    Arrives(usize, u32, Request),
    /// An answer reaches a client.
    Answered(usize, u32, Answer),
    /// The store has come further.
    Durable,
    /// The coordinator's alarm.
    Alarm,
    /// Offsets are looked at.
    Expire,
    /// The coordinator is killed and starts again.
    Crash,
    /// A client is killed, or one starts in its place.
    Toggle(usize),
}

struct Sim {
    dice: Dice,
    now_ms: u64,
    order: u64,
    agenda: BTreeMap<(u64, u64), Happening>,
    clients: Vec<Client>,
    coordinator: Coordinator,
    /// Whose request each ticket is.
    tickets: BTreeMap<Ticket, (usize, u32)>,
    /// What happened, when somebody wants to know.
    trace: Option<Vec<String>>,
}

impl Sim {
    fn new(seed: u64, trace: Option<Vec<String>>) -> Self {
        let mut sim = Self {
            dice: Dice(seed),
            now_ms: 0,
            order: 0,
            agenda: BTreeMap::new(),
            clients: (0..CLIENTS).map(Client::new).collect(),
            coordinator: Coordinator::new(),
            tickets: BTreeMap::new(),
            trace,
        };
        for client in 0..CLIENTS {
            let at = sim.dice.below(20_000);
            sim.plan(at, Happening::Tick(client));
            for _ in 0..sim.dice.below(3) {
                let at = sim.dice.below(FAULTS_END_MS);
                sim.plan(at, Happening::Toggle(client));
            }
        }
        for _ in 0..sim.dice.below(4) {
            let at = sim.dice.below(FAULTS_END_MS);
            sim.plan(at, Happening::Crash);
        }
        for _ in 0..4 {
            let at = sim.dice.below(FAULTS_END_MS);
            sim.plan(at, Happening::Expire);
        }
        sim
    }

    fn plan(&mut self, at_ms: u64, happening: Happening) {
        self.order += 1;
        self.agenda.insert((at_ms.max(self.now_ms), self.order), happening);
    }

    fn run(mut self) -> Option<Vec<String>> {
        while let Some(((at_ms, _), happening)) = self.agenda.pop_first() {
            if at_ms > END_MS {
                break;
            }
            self.now_ms = at_ms;
            if let Some(trace) = &mut self.trace {
                trace.push(format!("{at_ms} {happening:?}"));
            }
            self.happen(happening);
        }
        self.check_end();
        self.trace
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Tick(index) => self.tick(index),
            Happening::Arrives(client, number, request) => {
                let ticket = self.coordinator.next_ticket();
                self.tickets.insert(ticket, (client, number));
                let applied = self.coordinator.request(self.now_ms, ticket, request);
                self.follow(applied);
            }
            Happening::Answered(client, number, answer) => {
                self.clients[client].hear(self.now_ms, number, &answer);
            }
            Happening::Durable => {
                let (life, answers) = self.coordinator.durable();
                for (ticket, answer) in answers {
                    self.deliver(life, ticket, answer);
                }
            }
            Happening::Alarm => {
                let applied = self.coordinator.alarm(self.now_ms);
                self.follow(applied);
            }
            Happening::Expire => {
                let applied = self.coordinator.expire(self.now_ms);
                self.follow(applied);
            }
            Happening::Crash => {
                let survives = self.dice.below(100) as usize;
                self.coordinator.crash(self.now_ms, survives);
                self.coordinator.check_invariants();
                // Connections break: nobody is answered.
                self.tickets.clear();
                self.plan_alarm();
            }
            Happening::Toggle(index) => {
                let anew = self.dice.one_in(2);
                self.clients[index].toggle(self.now_ms, anew);
            }
        }
    }

    /// Plans what follows from an application: the store's progress and the next alarm.
    fn follow(&mut self, wrote: bool) {
        self.coordinator.check_invariants();
        if wrote {
            let delay = self.dice.below(40);
            self.plan(self.now_ms + delay, Happening::Durable);
        } else {
            self.plan(self.now_ms, Happening::Durable);
        }
        self.plan_alarm();
    }

    fn plan_alarm(&mut self) {
        if let Some(at_ms) = self.coordinator.deadline_ms() {
            self.plan(at_ms, Happening::Alarm);
        }
    }

    fn deliver(&mut self, life: u32, ticket: Ticket, answer: Answer) {
        let (client, number) = self.tickets.remove(&ticket).expect("I1: answered once");
        self.coordinator.note_owner(life, client, &answer);
        if let Some(delay) = self.travel() {
            self.plan(self.now_ms + delay, Happening::Answered(client, number, answer));
        }
    }

    /// How long a message is on its way; `None` when it is lost.
    fn travel(&mut self) -> Option<u64> {
        let faults = self.now_ms < FAULTS_END_MS;
        if faults && self.dice.one_in(25) {
            return None;
        }
        let slow = faults && self.dice.one_in(10);
        Some(self.dice.below(if slow { 15_000 } else { 30 }))
    }

    fn tick(&mut self, index: usize) {
        let chaos = self.now_ms < FAULTS_END_MS;
        let whim = if chaos { self.dice.below(200) } else { u64::MAX };
        if let Some((number, request)) = self.clients[index].act(self.now_ms, whim) {
            let copies = if chaos && self.dice.one_in(15) { 2 } else { 1 };
            for _ in 0..copies {
                if let Some(delay) = self.travel() {
                    let arrival = Happening::Arrives(index, number, request.clone());
                    self.plan(self.now_ms + delay, arrival);
                }
            }
        }
        let pause = 200 + self.dice.below(600);
        self.plan(self.now_ms + pause, Happening::Tick(index));
    }

    /// The faults are long over: whoever lives has its part of the work.
    fn check_end(&mut self) {
        let living: Vec<&Client> = self.clients.iter().filter(|client| client.lives()).collect();
        let group = self.coordinator.group();
        let expected = match living.len() {
            0 => matches!(group.state(), State::Dead | State::Empty),
            _ => group.state() == State::Stable,
        };
        assert!(expected, "{} live and the group is {:?}", living.len(), group.state());
        let mut owned: Vec<i32> = Vec::new();
        for client in &living {
            let mine = client.working_in(group).expect("a place in the generation");
            owned.extend(mine);
        }
        owned.sort_unstable();
        if !living.is_empty() {
            assert_eq!(owned, (0..PARTITIONS).collect::<Vec<_>>(), "all is worked on, once");
        }
        let waiting = self.tickets.len();
        assert_eq!(waiting, self.coordinator.undelivered(), "I1: every ticket is answered");
    }
}
