//! Replies leave in request order, whatever order the work ends in. Pure.
//!
//! ```text
//!   begin --> Ticket --> finish(ticket, reply) --'
//!      slots:   [ready][ready][waiting][ready][waiting]
//!                 '------'--> take: up to the first that waits
//! ```
//! Invariants (checked by `tests.rs`):
//! P1. Replies are taken in the order of `begin`.
//! P2. At most `in_flight_max` requests are begun and not taken.
//! P3. Above `unsent_max` bytes of finished replies nothing new is begun.
//! P4. After `close` nothing is begun; what was begun before still leaves.

use std::collections::VecDeque;

/// A request's place in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(u64);

/// What a pipeline bounds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Requests begun whose reply has not been taken.
    pub(super) in_flight_max: usize,
    /// Bytes of replies that are finished and not sent.
    pub(super) unsent_max: usize,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Slot<R> {
    Waiting,
    Ready { reply: R, bytes: usize },
    Silent,
}

/// The requests of one connection.
#[derive(Debug)]
pub(super) struct Pipeline<R> {
    slots: VecDeque<Slot<R>>,
    /// Ticket of the first slot.
    first: u64,
    /// Bytes of the ready slots.
    ready_bytes: usize,
    bounds: Bounds,
    closed: bool,
}

impl<R> Pipeline<R> {
    /// An empty one.
    pub(super) fn new(bounds: Bounds) -> Self {
        Self { slots: VecDeque::new(), first: 0, ready_bytes: 0, bounds, closed: false }
    }

    /// Whether another request may be begun, given the bytes taken but not yet sent.
    pub(super) fn has_room(&self, unsent: usize) -> bool {
        !self.closed
            && self.slots.len() < self.bounds.in_flight_max
            && self.ready_bytes.saturating_add(unsent) < self.bounds.unsent_max
    }

    /// Gives the next request its place.
    pub(super) fn begin(&mut self) -> Ticket {
        assert!(!self.closed && self.slots.len() < self.bounds.in_flight_max, "P2, P4");
        let ticket = Ticket(self.first + self.slots.len() as u64);
        self.slots.push_back(Slot::Waiting);
        ticket
    }

    /// The reply of a request is there. A second reply to one request is a mistake of ours.
    pub(super) fn finish(&mut self, ticket: Ticket, reply: R, bytes: usize) {
        self.settle(ticket, Slot::Ready { reply, bytes });
        self.ready_bytes += bytes;
    }

    /// The request gets no reply.
    pub(super) fn silence(&mut self, ticket: Ticket) {
        self.settle(ticket, Slot::Silent);
    }

    /// The request ends the connection: what came after it is forgotten, what came before leaves.
    pub(super) fn cut(&mut self, ticket: Ticket) {
        let keep = self.index(ticket);
        for slot in self.slots.drain(keep..) {
            if let Slot::Ready { bytes, .. } = slot {
                self.ready_bytes -= bytes;
            }
        }
        self.closed = true;
    }

    /// No request follows.
    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    /// Whether nothing more is begun.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether every reply has been taken.
    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The next reply that may leave.
    pub(super) fn take(&mut self) -> Option<R> {
        loop {
            if matches!(self.slots.front(), None | Some(Slot::Waiting)) {
                return None;
            }
            self.first += 1;
            if let Some(Slot::Ready { reply, bytes }) = self.slots.pop_front() {
                self.ready_bytes -= bytes;
                return Some(reply);
            }
        }
    }

    /// Whether a ticket still has a place: `cut` may have taken it.
    pub(super) fn knows(&self, ticket: Ticket) -> bool {
        ticket.0 >= self.first && ticket.0 < self.first + self.slots.len() as u64
    }

    fn settle(&mut self, ticket: Ticket, slot: Slot<R>) {
        let index = self.index(ticket);
        assert!(matches!(self.slots[index], Slot::Waiting), "one reply per request");
        self.slots[index] = slot;
    }

    fn index(&self, ticket: Ticket) -> usize {
        assert!(self.knows(ticket), "a ticket is used while its request is in flight");
        usize::try_from(ticket.0 - self.first).expect("bounded by in_flight_max")
    }
}

#[cfg(test)]
mod tests;
