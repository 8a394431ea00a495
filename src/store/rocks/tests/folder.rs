//! Folders that are not as they should be, and folders with a great many logs.

use std::fs;

use tempfile::tempdir;

use crate::store::conformance::{append, durable, store};
use crate::store::pool::Pool;
use crate::store::rocks::tests::{list, log, open, prefix};
use crate::store::rocks::{Options, RocksEngine};
use crate::store::{Dead, Engine, Figure, ReadHint, StoreError};

/// What opening a folder in which `spoil` was done ends with.
fn refusal(spoil: impl FnOnce(&std::path::Path)) -> StoreError {
    let folder = tempdir().expect("a folder for the test");
    drop(open(folder.path()));
    spoil(folder.path());
    let opened = RocksEngine::open(folder.path(), Options::default());
    opened.err().expect("it must not open")
}

#[test]
fn a_folder_in_use_is_refused_in_one_sentence() {
    let folder = tempdir().expect("a folder for the test");
    let engine = open(folder.path());
    let second = RocksEngine::open(folder.path(), Options::default()).err();
    let Some(StoreError::Locked(text)) = second else { panic!("{second:?}") };
    assert!(text.contains("in use by another running broker"), "{text}");
    drop(engine);
    open(folder.path());
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let refused = refusal(|path| {
        fs::write(path.join("format"), "klamm data format 2\n").expect("writable");
    });
    let StoreError::NewerFormat(text) = refused else { panic!("{refused:?}") };
    assert!(text.contains("newer Klamm (format 2; this one reads 1)"), "{text}");
}

#[test]
fn a_folder_that_is_not_klamms_is_refused() {
    let lost = refusal(|path| fs::remove_file(path.join("format")).expect("it is there"));
    assert!(matches!(&lost, StoreError::Corrupt(text) if text.contains("no `format`")), "{lost:?}");
    let strange = refusal(|path| fs::write(path.join("format"), [0xff; 900]).expect("writable"));
    assert!(matches!(&strange, StoreError::Corrupt(_)), "{strange:?}");
    let older = refusal(|path| {
        fs::write(path.join("format"), "klamm data format 0\n").expect("writable");
    });
    assert!(matches!(&older, StoreError::Corrupt(_)), "{older:?}");
}

#[test]
fn a_path_that_is_a_file_is_refused() {
    let folder = tempdir().expect("a folder for the test");
    let path = folder.path().join("file");
    fs::write(&path, "").expect("writable");
    let refused = RocksEngine::open(&path, Options::default()).err();
    assert!(matches!(refused, Some(StoreError::Io(_))), "{refused:?}");
}

#[tokio::test]
async fn a_smaller_pool_loses_nothing() {
    let folder = tempdir().expect("a folder for the test");
    let open = |delete, compact| {
        let pool = Pool { delete, compact };
        let options = Options { pool, ..Options::default() };
        RocksEngine::open(folder.path(), options).expect("the folder is ours")
    };
    let engine = open(8, 3);
    let far = crate::base::LogId { family: 7, topic: 1, partition: 0 };
    let compacted = crate::base::LogId { family: 130, topic: 2, partition: 0 };
    let list = [far, compacted].map(|log| append(log, 0, 0, 0, 1000));
    store(&engine, list.into()).await;
    drop(engine);
    let engine = open(1, 1);
    for log in [far, compacted] {
        store(&engine, vec![append(log, 1, 1, 0, 1000)]).await;
        let end = engine.end(log).await.expect("readable").expect("not empty");
        assert_eq!((end.next, end.bytes), (2, 2000));
    }
}

#[tokio::test]
async fn a_damaged_batch_is_told_and_not_served() {
    let folder = tempdir().expect("a folder for the test");
    let engine = open(folder.path());
    let lists = [append(log(1), 0, 0, 0, 100_000), append(log(2), 0, 0, 0, 100)];
    store(&engine, lists.into()).await;
    engine.database.flush().expect("nothing is wrong");
    drop(engine);
    let files = fs::read_dir(folder.path().join("db")).expect("the database's folder");
    for path in files.filter_map(|file| Some(file.ok()?.path())) {
        if path.extension().is_some_and(|end| end == "blob") {
            let mut bytes = fs::read(&path).expect("it is there");
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(&path, bytes).expect("writable");
        }
    }
    let engine = open(folder.path());
    let read = engine.read(log(1), 0, 9, 9, ReadHint::Stream).await;
    let Err(StoreError::Corrupt(text)) = read else { panic!("{read:?}") };
    assert!(text.contains(&format!("log {}", log(1))), "{text}");
    // Others are not disturbed.
    let read = engine.read(log(2), 0, 9, 9, ReadHint::Stream).await;
    assert_eq!(read.expect("it is whole").len(), 1);
    store(&engine, list(0)).await;
}

#[tokio::test]
async fn ten_thousand_logs_open_again() {
    let folder = tempdir().expect("a folder for the test");
    let engine = RocksEngine::open(folder.path(), Options::default()).expect("ours");
    let mut last = 0;
    for topic in 0..10_000 {
        last = engine.submit(vec![append(log(topic), 0, 9, i64::from(topic), 600)]);
    }
    durable(&engine, last).await.expect("nothing is wrong");
    engine.close().await.expect("nothing is wrong");
    drop(engine);
    let engine = RocksEngine::open(folder.path(), Options::default()).expect("ours");
    for topic in 0..10_000 {
        // The writer works the end out again before it accepts more.
        last = engine.submit(vec![append(log(topic), 10, 19, 0, 600)]);
    }
    durable(&engine, last).await.expect("nothing is wrong");
    for topic in (0..10_000).step_by(97) {
        let end = engine.end(log(topic)).await.expect("readable").expect("not empty");
        assert_eq!((end.next, end.bytes), (20, 1200));
        assert_eq!(end.max_time, Some((i64::from(topic), 0)));
        engine.reclaim(Dead::Log { log: log(topic) }).await.expect("nothing is wrong");
        assert_eq!(engine.end(log(topic)).await, Ok(None));
    }
}

#[tokio::test]
async fn figures_and_volume_are_told() {
    let folder = tempdir().expect("a folder for the test");
    let engine = open(folder.path());
    for n in 0..20 {
        store(&engine, list(n)).await;
    }
    let figures = engine.figures();
    let value = |name| {
        let figure = figures.iter().find(|figure: &&Figure| figure.name == name);
        figure.map(|figure| figure.value)
    };
    assert!(value("klamm_wal_syncs").is_some_and(|syncs| syncs >= 20.0), "{figures:?}");
    assert!(value("klamm_wal_sync_seconds_total").is_some_and(|sum| sum > 0.0));
    for name in ["rocksdb_memtable_bytes", "rocksdb_blob_files", "rocksdb_block_cache_bytes"] {
        assert!(value(name).is_some(), "{name} in {figures:?}");
    }
    assert_eq!(figures.len(), 17, "RocksDB knows all the properties");
    let (total, usable) = engine.volume().expect("a folder lies on a volume");
    assert!(total > usable && usable > 0);
    assert_eq!(prefix(&engine).await, 20);
}
