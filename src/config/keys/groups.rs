//! Honoured: consumer groups and committed offsets.

use crate::config::keys::honoured;
use crate::config::value::Check::{Any, AtLeast};

honoured! {
    /// Minutes that committed offsets of a group without members are kept.
    OFFSETS_RETENTION_MINUTES: i32 =
        "offsets.retention.minutes" "10080", AtLeast(1), ReadOnly;

    /// Milliseconds between two looks for committed offsets that are too old.
    OFFSETS_RETENTION_CHECK_INTERVAL_MS: i64 =
        "offsets.retention.check.interval.ms" "600000", AtLeast(1), ReadOnly;

    /// Bytes of text that a consumer may attach to a committed offset.
    OFFSET_METADATA_MAX_BYTES: i32 = "offset.metadata.max.bytes" "4096", Any, ReadOnly;

    /// The shortest session timeout that a group member may ask for, in milliseconds.
    GROUP_MIN_SESSION_TIMEOUT_MS: i32 =
        "group.min.session.timeout.ms" "6000", Any, ReadOnly;

    /// The longest session timeout that a group member may ask for, in milliseconds.
    GROUP_MAX_SESSION_TIMEOUT_MS: i32 =
        "group.max.session.timeout.ms" "1800000", Any, ReadOnly;

    /// Milliseconds that an empty group waits for more members before its first rebalance.
    GROUP_INITIAL_REBALANCE_DELAY_MS: i32 =
        "group.initial.rebalance.delay.ms" "3000", Any, ReadOnly;

    /// Members that a group may have.
    GROUP_MAX_SIZE: i32 = "group.max.size" "2147483647", AtLeast(1), ReadOnly;
}
