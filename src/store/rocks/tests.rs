//! What only an engine on a disk can do: be killed, cut off, locked, damaged, and fill the disk.

mod crash;
mod folder;
mod space;

use std::path::Path;

use bytes::Bytes;

use crate::base::LogId;
use crate::store::conformance::append;
use crate::store::pool::{Policy, family_for};
use crate::store::rocks::{Options, RocksEngine};
use crate::store::{Engine, ReadHint, Seq, Space, Write};

/// Logs over which the numbered lists are spread.
const LOGS: u32 = 7;

/// The store in `path`, with write buffers so small that they are flushed all the time.
fn open(path: &Path) -> RocksEngine {
    let options = Options { memtable_bytes_max: 1 << 20, ..Options::default() };
    RocksEngine::open(path, options).expect("the folder is ours")
}

/// Log number `topic`, in the family where the broker would put it.
fn log(topic: u32) -> LogId {
    LogId { family: family_for(Policy::Delete, topic, 0), topic, partition: 0 }
}

/// List number `n` of a store that gets nothing else: a batch whose offset tells how many came
/// before it in its log, and the number itself in two spaces.
fn list(n: Seq) -> Vec<Write> {
    let topic = (n % u64::from(LOGS)) as u32;
    let base = (n / u64::from(LOGS)) as i64;
    let bytes = [40, 900, 5000][(n % 3) as usize];
    let put = |space| Write::Put {
        space,
        key: Bytes::from_static(b"n"),
        value: Bytes::copy_from_slice(&n.to_be_bytes()),
    };
    vec![put(Space::Offsets), append(log(topic), base, base, n as i64, bytes), put(Space::Meta)]
}

/// How many of the numbered lists a store holds; panics when it is not a prefix of whole lists.
async fn prefix(engine: &RocksEngine) -> Seq {
    let number = async |space| {
        let value = engine.get(space, b"n").await.expect("state can be read");
        value.map_or(0, |value| Seq::from_be_bytes(value[..].try_into().expect("8 bytes")) + 1)
    };
    let count = number(Space::Meta).await;
    assert_eq!(count, number(Space::Offsets).await, "a torn list");
    for topic in 0..LOGS {
        let expected = (count + u64::from(LOGS - 1 - topic)) / u64::from(LOGS);
        let end = engine.end(log(topic)).await.expect("the log can be read");
        let next = end.map_or(0, |end| end.next);
        assert_eq!(next, expected as i64, "log {topic} of {count} lists");
        let mut from = 0;
        while from < next {
            let read = engine.read(log(topic), from, next, 1 << 20, ReadHint::Stream).await;
            for chunk in read.expect("the log can be read") {
                assert_eq!(chunk.base, from, "a hole in log {topic}");
                from = chunk.last + 1;
            }
        }
    }
    count
}
