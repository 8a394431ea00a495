//! Incremental fetch sessions (KIP-227): what a consumer reads is remembered, so that its
//! requests name only what changed and answers only what is new.
//!
//! The rules are those of Kafka's `FetchManager`, `FetchSession` and `FetchSessionCache`.
//!
//! ```text
//! session 0, epoch -1   no session wanted: everything is asked and answered
//! epoch 0               a new session is wanted (an old one named with it ends)
//! epoch n > 0           goes on: n must be what the session expects next
//! session x, epoch -1   the session ends: everything is asked and answered
//! ```

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::base::limits::{FETCH_SESSION_PARTITIONS_MAX, FETCH_SESSIONS_MAX};
use crate::base::{Now, Offset, TopicId};

/// A session idle for this long makes room for a new one
/// (Kafka's `min.incremental.fetch.session.eviction.ms`).
const EVICTABLE_AFTER: Duration = Duration::from_secs(120);

/// How a client names a topic: by id since Fetch v13, by name before.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TopicRef {
    /// By id.
    Id(TopicId),
    /// By name.
    Name(Arc<str>),
}

/// A partition as a client names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PartitionRef {
    /// Its topic.
    pub topic: TopicRef,
    /// Its index.
    pub partition: i32,
}

/// What a client wants of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The first offset.
    pub from: Offset,
    /// How many bytes at most.
    pub max_bytes: i32,
    /// The leader epoch that the client believes in, or -1.
    pub current_epoch: i32,
    /// The epoch of the last batch it read, or -1.
    pub last_fetched_epoch: i32,
}

/// The session part of a fetch request.
#[derive(Clone, Debug)]
pub struct SessionRequest {
    /// The session, 0 for none.
    pub session: i32,
    /// The session's epoch.
    pub epoch: i32,
    /// Whether topics are named by id.
    pub by_id: bool,
    /// Partitions to add or change.
    pub asked: Vec<(PartitionRef, Asked)>,
    /// Partitions to forget.
    pub forgotten: Vec<PartitionRef>,
}

/// Why a session cannot go on; the client then begins a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionError {
    /// It ended, or never was.
    NotFound,
    /// A request was lost or repeated.
    InvalidEpoch,
    /// Topics were named by id before and by name now, or the other way round.
    TopicIdMix,
}

/// What is to be read, and how the answer is to be cut down.
#[derive(Debug)]
pub struct Plan {
    /// Every partition to read, in order.
    pub wants: Vec<(PartitionRef, Asked)>,
    kind: Kind,
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Sessionless,
    Begin { by_id: bool },
    GoOn { session: i32 },
}

/// What was read of one partition, as far as sessions care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The high watermark told to the client.
    pub high_watermark: Offset,
    /// The log start told to the client.
    pub log_start: Offset,
    /// Records, an error or a diverging epoch: it is told in any case.
    pub must_tell: bool,
    /// It failed: the next answer tells of it again.
    pub failed: bool,
    /// It brought records: it goes to the end, so that all have their turn.
    pub has_records: bool,
}

/// The answer's session id and which partitions it names.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    /// The session, 0 for none.
    pub session: i32,
    /// For each want, whether the answer names it.
    pub named: Vec<bool>,
}

struct Session {
    by_id: bool,
    epoch: i32,
    last_used: Duration,
    partitions: Vec<Remembered>,
}

#[derive(Clone)]
struct Remembered {
    partition: PartitionRef,
    asked: Asked,
    told: Option<(Offset, Offset)>,
}

/// All sessions.
pub struct Sessions {
    slots: usize,
    inner: Mutex<HashMap<i32, Session>>,
}

impl Sessions {
    /// Room for `slots` sessions, at most [`FETCH_SESSIONS_MAX`].
    pub fn new(slots: usize) -> Self {
        Self { slots: slots.min(FETCH_SESSIONS_MAX), inner: Mutex::default() }
    }

    /// Understands a request's session fields.
    pub fn plan(&self, now: Now, request: SessionRequest) -> Result<Plan, SessionError> {
        let mut sessions = self.inner.lock();
        if request.epoch <= 0 {
            if request.session != 0 {
                sessions.remove(&request.session);
            }
            let kind = match request.epoch {
                0 => Kind::Begin { by_id: request.by_id },
                _ => Kind::Sessionless,
            };
            return Ok(Plan { wants: request.asked, kind });
        }
        let session = sessions.get_mut(&request.session).ok_or(SessionError::NotFound)?;
        if session.epoch != request.epoch {
            return Err(SessionError::InvalidEpoch);
        }
        if session.by_id != request.by_id {
            return Err(SessionError::TopicIdMix);
        }
        session.last_used = now.tick;
        session.epoch = session.epoch.checked_add(1).unwrap_or(1);
        session.update(request.asked, &request.forgotten);
        if session.partitions.is_empty() {
            sessions.remove(&request.session);
            return Ok(Plan { wants: Vec::new(), kind: Kind::Sessionless });
        }
        let wants = session.partitions.iter().map(|p| (p.partition.clone(), p.asked)).collect();
        Ok(Plan { wants, kind: Kind::GoOn { session: request.session } })
    }

    /// Remembers what is told and says which partitions the answer names. `fresh_id` is the id
    /// of a session that begins now: a random positive number.
    pub fn tell(&self, now: Now, plan: Plan, shown: &[Shown], fresh_id: i32) -> Told {
        let all = vec![true; shown.len()];
        let mut sessions = self.inner.lock();
        match plan.kind {
            Kind::Sessionless => Told { session: 0, named: all },
            Kind::Begin { by_id } => {
                let room = make_room(&mut sessions, self.slots, now, plan.wants.len());
                if !room || sessions.contains_key(&fresh_id) {
                    return Told { session: 0, named: all };
                }
                let partitions = plan.wants.into_iter().zip(shown).map(remembered).collect();
                let session = Session { by_id, epoch: 1, last_used: now.tick, partitions };
                sessions.insert(fresh_id, session);
                Told { session: fresh_id, named: all }
            }
            Kind::GoOn { session: id } => match sessions.get_mut(&id) {
                Some(session) => Told { session: id, named: session.tell(&plan.wants, shown) },
                // Another request with this session ended it meanwhile.
                None => Told { session: id, named: all },
            },
        }
    }

    /// How many sessions there are.
    pub fn len(&self) -> usize {
        self.inner.lock().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Session {
    fn update(&mut self, asked: Vec<(PartitionRef, Asked)>, forgotten: &[PartitionRef]) {
        if !forgotten.is_empty() {
            let gone: std::collections::HashSet<_> = forgotten.iter().collect();
            self.partitions.retain(|remembered| !gone.contains(&remembered.partition));
        }
        if asked.is_empty() {
            return;
        }
        let mut places: HashMap<PartitionRef, usize> = self
            .partitions
            .iter()
            .enumerate()
            .map(|(place, remembered)| (remembered.partition.clone(), place))
            .collect();
        for (partition, asked) in asked {
            match places.get(&partition) {
                Some(place) => self.partitions[*place].asked = asked,
                None if self.partitions.len() < FETCH_SESSION_PARTITIONS_MAX => {
                    places.insert(partition.clone(), self.partitions.len());
                    self.partitions.push(Remembered { partition, asked, told: None });
                }
                None => {}
            }
        }
    }

    /// Which partitions have something new; those that brought records go to the end.
    fn tell(&mut self, wants: &[(PartitionRef, Asked)], shown: &[Shown]) -> Vec<bool> {
        let asked = wants.iter().map(|(partition, _)| partition);
        if !asked.eq(self.partitions.iter().map(|remembered| &remembered.partition)) {
            // The client sent its next request before this answer: it is told everything.
            return vec![true; shown.len()];
        }
        let mut named = Vec::with_capacity(shown.len());
        let mut served = Vec::new();
        let mut waiting = Vec::with_capacity(self.partitions.len());
        for (mut remembered, shown) in self.partitions.drain(..).zip(shown) {
            let now = (shown.high_watermark, shown.log_start);
            named.push(shown.must_tell || remembered.told != Some(now));
            remembered.told = (!shown.failed).then_some(now);
            if shown.has_records { &mut served } else { &mut waiting }.push(remembered);
        }
        waiting.append(&mut served);
        self.partitions = waiting;
        named
    }
}

fn remembered(((partition, asked), shown): ((PartitionRef, Asked), &Shown)) -> Remembered {
    let told = (!shown.failed).then_some((shown.high_watermark, shown.log_start));
    Remembered { partition, asked, told }
}

/// Whether there is room for a session of `partitions` more, after the idlest one has been ended
/// if it has been idle long enough.
fn make_room(
    sessions: &mut HashMap<i32, Session>,
    slots: usize,
    now: Now,
    partitions: usize,
) -> bool {
    let full = |sessions: &HashMap<i32, Session>| {
        let held: usize = sessions.values().map(|session| session.partitions.len()).sum();
        sessions.len() >= slots || held + partitions > FETCH_SESSION_PARTITIONS_MAX
    };
    if !full(sessions) {
        return true;
    }
    let idlest = sessions.iter().min_by_key(|(_, session)| session.last_used);
    let evict = idlest
        .filter(|(_, session)| now.tick.saturating_sub(session.last_used) > EVICTABLE_AFTER)
        .map(|(id, _)| *id);
    if let Some(id) = evict {
        sessions.remove(&id);
    }
    !full(sessions)
}

#[cfg(test)]
mod tests;
