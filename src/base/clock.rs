//! Time as a value: the pure rooms are told what time it is, they never ask.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A moment: two clocks read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Now {
    /// Time since the process started; it never goes back. Sessions and timeouts count on it.
    pub tick: Duration,
    /// Milliseconds since 1970-01-01 UTC; it may jump. Record timestamps and retention use it.
    pub wall_ms: i64,
}

/// Where the running broker gets the time from.
pub trait Clock: Send + Sync + 'static {
    /// Reads both clocks.
    fn now(&self) -> Now;
}

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// A clock whose tick counts from this call.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Now {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall_ms = i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX);
        Now { tick: self.started.elapsed(), wall_ms }
    }
}
