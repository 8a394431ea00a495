//! Which column family a new partition's batches go to.
//!
//! The families are a small fixed pool (ADR 0001). Ordinals of the two policies lie in ranges of
//! their own, so a larger pool in a later release moves nothing: a log's family is chosen once,
//! recorded in the catalog with its partition, and RocksDB itself lists the families of a folder.

/// What happens to old records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// They are deleted by age or size.
    Delete,
    /// The last one of each key stays. Also for topics that compact and delete.
    Compact,
}

/// Ordinals from here on hold compacted logs.
pub const COMPACT_FROM: u8 = 128;

/// How many families of each policy there are to choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Families of logs whose old records are deleted, 1 to 128.
    pub delete: u8,
    /// Families of compacted logs, 1 to 128.
    pub compact: u8,
}

impl Default for Pool {
    fn default() -> Self {
        Self { delete: 4, compact: 2 }
    }
}

impl Pool {
    /// The ordinals of the pool's families.
    pub fn families(self) -> impl Iterator<Item = u8> {
        let delete = 0..self.delete.clamp(1, COMPACT_FROM);
        let compact = 0..self.compact.clamp(1, COMPACT_FROM);
        delete.chain(compact.map(|ordinal| COMPACT_FROM + ordinal))
    }

    /// The family of a new partition.
    pub fn family_for(self, policy: Policy, topic: u32, partition: u32) -> u8 {
        let (first, count) = match policy {
            Policy::Delete => (0, self.delete),
            Policy::Compact => (COMPACT_FROM, self.compact),
        };
        let choices = u64::from(count.clamp(1, COMPACT_FROM));
        first + u8::try_from(spread(topic, partition) % choices).expect("less than 128")
    }
}

/// The family of a new partition in the default pool.
pub fn family_for(policy: Policy, topic: u32, partition: u32) -> u8 {
    Pool::default().family_for(policy, topic, partition)
}

/// Mixes the bits (the finalizer of splitmix64), so that neither topics with one partition nor a
/// topic with many end up in one family. It need not stay the same: the result is recorded.
fn spread(topic: u32, partition: u32) -> u64 {
    let mut x = (u64::from(topic) << 32 | u64::from(partition)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_gets_its_share() {
        for policy in [Policy::Delete, Policy::Compact] {
            let mut counts = std::collections::BTreeMap::new();
            for topic in 1..=1_000 {
                *counts.entry(family_for(policy, topic, 0)).or_insert(0_usize) += 1;
            }
            for partition in 0..1_000 {
                *counts.entry(family_for(policy, 1, partition)).or_insert(0_usize) += 1;
            }
            let fair = 2_000 / counts.len();
            assert!(counts.values().all(|count| count.abs_diff(fair) < fair / 4), "{counts:?}");
        }
    }

    #[test]
    fn the_policies_share_no_family() {
        let families = Pool::default().families().collect::<Vec<_>>();
        assert_eq!(families, [0, 1, 2, 3, 128, 129]);
        assert!(family_for(Policy::Delete, 5, 5) < COMPACT_FROM);
        assert!(family_for(Policy::Compact, 5, 5) >= COMPACT_FROM);
        let large = Pool { delete: 255, compact: 255 };
        assert_eq!(large.families().count(), 256);
        assert!(large.family_for(Policy::Compact, 7, 7) >= COMPACT_FROM);
    }
}
