//! Names made of random bits: the cluster's id, and topic ids.

use bytes::Bytes;
use uuid::Uuid;

use crate::base::TopicId;
use crate::broker::core::Core;
use crate::config::keys;
use crate::store::{Space, StoreError, Write};

/// Key of the cluster's id in [`Space::Meta`].
const CLUSTER_ID_KEY: &[u8] = b"cluster.id";

/// Base64 with the characters that are safe in URLs, as Kafka writes UUIDs.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The id under which this cluster was first started. The first start takes the one that was
/// configured, else makes one.
pub(super) async fn cluster_id(core: &Core) -> Result<String, StoreError> {
    if let Some(value) = core.engine.get(Space::Meta, CLUSTER_ID_KEY).await? {
        return String::from_utf8(value.to_vec())
            .map_err(|_| StoreError::Corrupt("the cluster id is not text".into()));
    }
    let id = match core.settings().get(keys::CLUSTER_ID) {
        Some(configured) => configured.to_string(),
        None => text(&random()),
    };
    let write = Write::Put {
        space: Space::Meta,
        key: Bytes::from_static(CLUSTER_ID_KEY),
        value: Bytes::from(id.clone().into_bytes()),
    };
    let seq = core.journal.submit(vec![write]);
    core.journal.durable(seq).await?;
    Ok(id)
}

/// A topic id as Kafka's `Uuid.randomUuid` makes it.
pub(super) fn new_topic_id() -> TopicId {
    TopicId(random())
}

/// 122 random bits whose text does not start with '-', which tools would take for an option.
fn random() -> [u8; 16] {
    loop {
        let bytes = *Uuid::new_v4().as_bytes();
        if ALPHABET[usize::from(bytes[0] >> 2)] != b'-' {
            return bytes;
        }
    }
}

/// 16 bytes as Kafka writes them: 22 characters, no padding.
fn text(bytes: &[u8; 16]) -> String {
    let bits = u128::from_be_bytes(*bytes);
    let sextets = (0..22).map(|index| {
        // The last of the 22 holds only the two lowest bits, at its upper end.
        let sextet = if index == 21 { bits << 4 } else { bits >> (122 - 6 * index) };
        char::from(ALPHABET[usize::try_from(sextet & 63).expect("63 at most")])
    });
    sextets.collect()
}
