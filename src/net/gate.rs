//! How many connections may be open: in all, and from one address.
//!
//! As in Kafka, a full broker does not accept (the kernel's backlog holds those who wait), while
//! one address that has too many connections is turned away at once.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// How soon a raised `max.connections` is noticed.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Counts connections over all listeners.
#[derive(Debug, Default)]
pub(super) struct Gate {
    counts: Mutex<Counts>,
    left: Notify,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A connection's place; giving it back is dropping it.
#[derive(Debug)]
pub(super) struct Entry {
    gate: Arc<Gate>,
    address: IpAddr,
}

impl Gate {
    /// Waits until another connection may be accepted. `max` is asked anew when one leaves, and
    /// once in a while, since it can be raised.
    pub(super) async fn room(&self, max: impl Fn() -> usize) {
        loop {
            let left = self.left.notified();
            if self.counts.lock().all < max() {
                return;
            }
            let _either = tokio::time::timeout(LOOK_AGAIN, left).await;
        }
    }

    /// Takes a place for `address`, or says how many it has already.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr, max: usize) -> Result<Entry, usize> {
        let address = address.to_canonical();
        let mut counts = self.counts.lock();
        let has = counts.by_address.get(&address).copied().unwrap_or(0);
        if has >= max {
            return Err(has);
        }
        counts.by_address.insert(address, has + 1);
        counts.all += 1;
        Ok(Entry { gate: self.clone(), address })
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut counts = self.gate.counts.lock();
        counts.all -= 1;
        if let Some(has) = counts.by_address.get_mut(&self.address) {
            *has -= 1;
            if *has == 0 {
                counts.by_address.remove(&self.address);
            }
        }
        drop(counts);
        self.gate.left.notify_waiters();
    }
}

/// `max.connections.per.ip.overrides`, its host names looked up once per value.
#[derive(Debug, Default)]
pub(super) struct Overrides {
    text: Arc<str>,
    by_address: HashMap<IpAddr, usize>,
}

impl Overrides {
    /// Follows the setting.
    pub(super) async fn follow(&mut self, text: &Arc<str>) {
        if *self.text == **text {
            return;
        }
        self.text = text.clone();
        self.by_address.clear();
        for (host, count) in parse(text) {
            if let Ok(address) = host.parse::<IpAddr>() {
                self.by_address.insert(address.to_canonical(), count);
            } else if let Ok(found) = tokio::net::lookup_host((host, 0)).await {
                let found = found.map(|socket| (socket.ip().to_canonical(), count));
                self.by_address.extend(found);
            } else {
                tracing::warn!(host, "max.connections.per.ip.overrides names an unknown host");
            }
        }
    }

    /// The bound of one address.
    pub(super) fn bound(&self, address: IpAddr, otherwise: usize) -> usize {
        self.by_address.get(&address.to_canonical()).copied().unwrap_or(otherwise)
    }
}

/// Entries as `host:count`; the host may be an IPv6 address in brackets.
fn parse(text: &str) -> impl Iterator<Item = (&str, usize)> {
    text.split(',').filter_map(|entry| {
        let (host, count) = entry.trim().rsplit_once(':')?;
        let host = host.trim().trim_start_matches('[').trim_end_matches(']');
        Some((host, count.trim().parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const B: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    #[test]
    fn one_address_is_bounded_and_another_is_not_disturbed() {
        let gate = Arc::new(Gate::default());
        let first = gate.enter(A, 2).expect("room");
        let _second = gate.enter(A, 2).expect("room");
        assert_eq!(gate.enter(A, 2).err(), Some(2));
        let _other = gate.enter(B, 2).expect("room");
        drop(first);
        let _third = gate.enter(A, 2).expect("a place was given back");
        assert_eq!(gate.counts.lock().all, 3);
    }

    #[test]
    fn an_address_is_the_same_in_ipv6_clothes() {
        let gate = Arc::new(Gate::default());
        let _first = gate.enter(A, 1).expect("room");
        assert!(gate.enter("::ffff:10.0.0.1".parse().expect("an address"), 1).is_err());
    }

    #[tokio::test]
    async fn a_full_broker_accepts_again_when_one_leaves() {
        let gate = Arc::new(Gate::default());
        let entry = gate.enter(A, 9).expect("room");
        let waiting = gate.room(|| 1);
        tokio::pin!(waiting);
        let early = futures::poll!(waiting.as_mut());
        assert!(early.is_pending());
        drop(entry);
        waiting.await;
    }

    #[tokio::test]
    async fn overrides_hold_for_their_hosts() {
        let mut overrides = Overrides::default();
        overrides.follow(&"10.0.0.1:7, [::1]:3,broken, 10.0.0.9:x".into()).await;
        let bound = |text: &str| overrides.bound(text.parse().expect("an address"), 99);
        assert_eq!([bound("10.0.0.1"), bound("::1"), bound("10.0.0.9")], [7, 3, 99]);
    }
}
