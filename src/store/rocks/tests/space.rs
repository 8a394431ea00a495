//! What is freed comes back as disk space.

use std::fs;
use std::path::Path;

use bytes::Bytes;
use tempfile::tempdir;

use crate::store::conformance::durable;
use crate::store::rocks::RocksEngine;
use crate::store::rocks::tests::{log, open};
use crate::store::{Dead, Engine, Write};

const MIB: u64 = 1 << 20;
const BATCH_BYTES: usize = 64 << 10;

/// Bytes of the batches' files.
fn blob_bytes(folder: &Path) -> u64 {
    let files = fs::read_dir(folder.join("db")).expect("the database's folder");
    let files = files.filter_map(|file| file.ok());
    let blobs = files.filter(|file| file.path().extension().is_some_and(|end| end == "blob"));
    // A file that goes while we look has no size.
    blobs.map(|file| file.metadata().map_or(0, |file| file.len())).sum()
}

/// Gives each of `topics` `mib` MiB more, by turns, so that they share files.
async fn fill(engine: &RocksEngine, topics: u32, mib: u64) {
    let records = Bytes::from(vec![7; BATCH_BYTES]);
    let count = (mib * MIB) as i64 / BATCH_BYTES as i64;
    let mut last = 0;
    for base in 0..count {
        for topic in 1..=topics {
            let records = records.clone();
            let log = log(topic);
            last = engine.submit(vec![Write::Append {
                log,
                base,
                last: base,
                max_time_ms: 0,
                records,
            }]);
        }
        durable(engine, last).await.expect("nothing is wrong");
    }
    engine.database.flush().expect("nothing is wrong");
}

#[tokio::test]
async fn deleted_topics_and_trimmed_logs_give_their_space_back() {
    let folder = tempdir().expect("a folder for the test");
    let engine = open(folder.path());
    fill(&engine, 12, 16).await;
    let full = blob_bytes(folder.path());
    assert!(full >= 192 * MIB, "{full}");

    // Half of the topics go, the rest loses three quarters.
    for topic in 1..=6 {
        engine.reclaim(Dead::Log { log: log(topic) }).await.expect("nothing is wrong");
    }
    let count = 16 * MIB as i64 / BATCH_BYTES as i64;
    for topic in 7..=12 {
        let dead = Dead::Below { log: log(topic), start: count * 3 / 4 };
        engine.reclaim(dead).await.expect("nothing is wrong");
    }
    engine.sweeper.settle();
    engine.close().await.expect("nothing is wrong");
    let left = blob_bytes(folder.path());
    assert!(left <= 2 * 24 * MIB, "{} MiB of 24 are left", left / MIB);
    for topic in 7..=12 {
        let end = engine.end(log(topic)).await.expect("readable").expect("not empty");
        assert_eq!((end.next, end.bytes), (count, 16 * MIB));
        assert_eq!(engine.size(log(topic), 0).await, Ok(4 * MIB));
    }
}
