//! The settings that matter to connections. Some can be altered while the broker runs, so they
//! are asked for at each accept.

use std::sync::Arc;
use std::time::Duration;

use super::connection::Allowance;
use crate::config::{Settings, keys};

/// What connections are allowed.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    /// Open at once, over all listeners.
    pub(super) connections_max: usize,
    /// Open at once from one address.
    pub(super) per_address_max: usize,
    /// Other bounds for some hosts: `host:count`, with commas between.
    pub(super) overrides: Arc<str>,
    /// What each connection is allowed.
    pub(super) allowance: Allowance,
    /// SO_SNDBUF of accepted sockets; `None` leaves it to the operating system.
    pub(super) send_buffer: Option<usize>,
}

impl From<&Settings> for Policy {
    fn from(settings: &Settings) -> Self {
        let count = |key| usize::try_from(settings.get(key)).unwrap_or(0);
        Self {
            connections_max: count(keys::MAX_CONNECTIONS),
            per_address_max: count(keys::MAX_CONNECTIONS_PER_IP),
            overrides: settings.get(keys::MAX_CONNECTIONS_PER_IP_OVERRIDES),
            allowance: Allowance {
                request_bytes_max: count(keys::SOCKET_REQUEST_MAX_BYTES),
                idle_max: idle_max(settings.get(keys::CONNECTIONS_MAX_IDLE_MS)),
            },
            send_buffer: usize::try_from(settings.get(keys::SOCKET_SEND_BUFFER_BYTES)).ok(),
        }
    }
}

/// A negative value means for ever, as in Kafka; timers want an end, and a year is one.
fn idle_max(ms: i64) -> Duration {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    u64::try_from(ms).map_or(YEAR, |ms| Duration::from_millis(ms).min(YEAR))
}
