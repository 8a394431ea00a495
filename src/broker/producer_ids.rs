//! Producer ids: each given out once, ever (KIP-98).
//!
//! Blocks of [`BLOCK`] ids are reserved in the store before the first of them is given out, as
//! Kafka's controller does; a crash wastes the rest of a block and repeats nothing.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Mutex;

use crate::base::ProducerId;
use crate::broker::core::Core;
use crate::store::{Space, StoreError, Write};

/// Ids reserved at once (Kafka's `ProducerIdsBlock.PRODUCER_ID_BLOCK_SIZE`).
const BLOCK: ProducerId = 1_000;

const KEY: &[u8] = b"producer-ids";

/// Gives out producer ids.
pub struct ProducerIds {
    core: Arc<Core>,
    /// The next id to give out and the end of the reserved block.
    next: Mutex<(ProducerId, ProducerId)>,
}

impl ProducerIds {
    /// Goes on after the last block that was ever reserved.
    pub async fn boot(core: Arc<Core>) -> Result<Self, StoreError> {
        let saved = core.engine.get(Space::Meta, KEY).await?;
        let next = match saved {
            None => 0,
            Some(bytes) => ProducerId::from_be_bytes(
                bytes
                    .as_ref()
                    .try_into()
                    .map_err(|_| StoreError::Corrupt("the counter of producer ids".to_owned()))?,
            ),
        };
        Ok(Self { core, next: Mutex::new((next, next)) })
    }

    /// An id that nobody has had. Waits for the store once per block.
    pub async fn allocate(&self) -> Result<ProducerId, StoreError> {
        let mut next = self.next.lock().await;
        if next.0 == next.1 {
            let end = next.1.saturating_add(BLOCK);
            let value = Bytes::copy_from_slice(&end.to_be_bytes());
            let put = Write::Put { space: Space::Meta, key: Bytes::from_static(KEY), value };
            let seq = self.core.journal.submit(vec![put]);
            self.core.journal.durable(seq).await?;
            next.1 = end;
        }
        let id = next.0;
        next.0 += 1;
        Ok(id)
    }
}
