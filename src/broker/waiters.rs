//! Long polls: a fetch that found too little waits here until enough has arrived.
//!
//! A [`Waiter`] counts down the bytes it still needs. It is registered with every partition it
//! reads; each adds what has become visible. Nobody reads the log again until there is enough.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::Notify;

/// More than can ever arrive.
const UNKNOWN: i64 = i64::MAX / 2;

/// One parked fetch.
#[derive(Debug)]
pub struct Waiter {
    needed: AtomicI64,
    enough: Notify,
}

impl Waiter {
    /// A waiter that counts from now on, before it is known how much it needs.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { needed: AtomicI64::new(UNKNOWN), enough: Notify::new() })
    }

    /// Says how much must arrive. What arrived since `new` is counted, so a reading that saw it
    /// too makes the waiter wake early, never late.
    pub fn needs(&self, bytes: usize) {
        self.feed(UNKNOWN.saturating_sub_unsigned(bytes as u64));
    }

    /// Returns when enough has arrived, at once when it has arrived before.
    pub async fn woken(&self) {
        self.enough.notified().await;
    }

    fn feed(&self, bytes: i64) {
        if self.needed.fetch_sub(bytes, Ordering::AcqRel) <= bytes {
            self.enough.notify_one();
        }
    }
}

/// The waiters of one partition.
#[derive(Debug, Default)]
pub struct Waiters(HashMap<usize, Arc<Waiter>>);

impl Waiters {
    /// Adds `waiter`; adding it twice is the same as once.
    pub fn add(&mut self, waiter: &Arc<Waiter>) {
        self.0.insert(key(waiter), waiter.clone());
    }

    /// Takes `waiter` away.
    pub fn remove(&mut self, waiter: &Arc<Waiter>) {
        self.0.remove(&key(waiter));
    }

    /// Tells every waiter that `bytes` more have become visible.
    pub fn feed(&self, bytes: usize) {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        self.0.values().for_each(|waiter| waiter.feed(bytes));
    }

    /// Wakes every waiter, whatever it still needs: what it waits for has changed.
    pub fn wake_all(&self) {
        self.0.values().for_each(|waiter| waiter.enough.notify_one());
    }
}

fn key(waiter: &Arc<Waiter>) -> usize {
    Arc::as_ptr(waiter) as usize
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn is_woken(waiter: &Waiter) -> bool {
        waiter.woken().now_or_never().is_some()
    }

    #[test]
    fn a_waiter_is_woken_when_its_partitions_brought_enough_together() {
        let waiter = Waiter::new();
        waiter.needs(100);
        let (mut one, mut two) = (Waiters::default(), Waiters::default());
        one.add(&waiter);
        two.add(&waiter);
        one.feed(60);
        assert!(!is_woken(&waiter));
        two.feed(39);
        assert!(!is_woken(&waiter));
        two.feed(1);
        assert!(is_woken(&waiter));
    }

    #[test]
    fn what_arrives_before_the_need_is_known_counts() {
        let waiter = Waiter::new();
        let mut waiters = Waiters::default();
        waiters.add(&waiter);
        waiters.feed(10);
        assert!(!is_woken(&waiter));
        waiter.needs(10);
        assert!(is_woken(&waiter));
    }

    #[test]
    fn a_waiter_that_left_hears_nothing() {
        let waiter = Waiter::new();
        waiter.needs(1);
        let mut waiters = Waiters::default();
        waiters.add(&waiter);
        waiters.remove(&waiter);
        waiters.feed(10);
        waiters.wake_all();
        assert!(!is_woken(&waiter));
    }

    #[test]
    fn a_change_wakes_those_who_need_more_bytes_too() {
        let waiter = Waiter::new();
        waiter.needs(1_000_000);
        let mut waiters = Waiters::default();
        waiters.add(&waiter);
        waiters.wake_all();
        assert!(is_woken(&waiter));
    }
}
