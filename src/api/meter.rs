//! Counts and times of requests, by API.
//!
//! The handles are looked up once per API, not per request. Without a metrics recorder no clock is
//! read and nothing is counted.

use std::time::Duration;

use metrics::{Counter, Histogram, counter, histogram};

use super::table::Api;
use crate::base::Now;

/// What is recorded of each API, in the table's order. Empty while metrics are off.
pub(super) struct Meters(Vec<Meter>);

struct Meter {
    requests: Counter,
    failed: Counter,
    seconds: Histogram,
}

impl Meters {
    pub(super) fn new(apis: &[Api], on: bool) -> Self {
        let apis = if on { apis } else { &[] };
        Self(apis.iter().map(|api| Meter::new(&api.name())).collect())
    }

    /// When a request began, if that is of interest.
    pub(super) fn start(&self, now: impl FnOnce() -> Now) -> Option<Duration> {
        (!self.0.is_empty()).then(|| now().tick)
    }

    /// Its answer is there, or it failed so that the connection closes.
    pub(super) fn stop(
        &self,
        index: usize,
        started: Option<Duration>,
        failed: bool,
        now: impl FnOnce() -> Now,
    ) {
        let (Some(meter), Some(started)) = (self.0.get(index), started) else { return };
        meter.requests.increment(1);
        if failed {
            meter.failed.increment(1);
        }
        meter.seconds.record(now().tick.saturating_sub(started).as_secs_f64());
    }
}

impl Meter {
    fn new(api: &str) -> Self {
        let api = api.to_owned();
        Self {
            requests: counter!("klamm_requests_total", "api" => api.clone()),
            failed: counter!("klamm_requests_failed_total", "api" => api.clone()),
            seconds: histogram!("klamm_request_seconds", "api" => api),
        }
    }
}
