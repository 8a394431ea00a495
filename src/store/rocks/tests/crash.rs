//! After a crash there is a prefix, and in it all that was durable.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::tempdir;

use crate::store::conformance::durable;
use crate::store::rocks::tests::{list, open, prefix};
use crate::store::rocks::{Options, RocksEngine};
use crate::store::{Engine, Seq};

/// Tells the test binary, started again, in which folder to write until it is killed.
const CHILD_FOLDER: &str = "KLAMM_TEST_CRASH_FOLDER";

/// The part of the child process: writes lists for ever, and says which are durable.
#[tokio::test]
async fn child_that_writes_until_it_is_killed() {
    let Ok(folder) = std::env::var(CHILD_FOLDER) else { return };
    let engine = open(Path::new(&folder));
    let mut n = prefix(&engine).await;
    let mut waiting = None;
    loop {
        let mut seq = 0;
        for _ in 0..50 {
            seq = engine.submit(list(n));
            n += 1;
        }
        // One round is always on its way while the one before it is told.
        if let Some((seq, n)) = waiting.replace((seq, n)) {
            durable(&engine, seq).await.expect("nothing is wrong");
            let told = writeln!(std::io::stderr(), "durable {n}");
            told.expect("the parent listens");
        }
    }
}

/// The child's test as the test binary calls it: without the crate.
fn child_name() -> &'static str {
    let path = concat!(module_path!(), "::child_that_writes_until_it_is_killed");
    path.split_once("::").expect("the crate comes first").1
}

#[tokio::test]
async fn what_was_durable_survives_kill_9() {
    let folder = tempdir().expect("a folder for the test");
    let mut before = 0;
    for round in 1..=3 {
        let mut child = Command::new(std::env::current_exe().expect("this test binary"))
            .args(["--exact", child_name(), "--nocapture", "--test-threads=1"])
            .env(CHILD_FOLDER, folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a second process");
        let lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let numbers = lines.map_while(|line| line.ok()?.strip_prefix("durable ")?.parse().ok());
        let durable: Seq = numbers.take(40 * round).last().expect("it writes");
        child.kill().expect("it runs");
        child.wait().expect("it ran");
        let engine = open(folder.path());
        let survived = prefix(&engine).await;
        assert!(survived >= durable, "{survived} of {durable}");
        assert!(durable > before);
        before = durable;
        engine.close().await.expect("nothing is wrong");
    }
}

/// Copies the files of a store that nobody has open.
fn image(from: &Path, to: &Path) -> Result<(), std::io::Error> {
    fs::create_dir_all(to.join("db"))?;
    fs::copy(from.join("format"), to.join("format"))?;
    for file in fs::read_dir(from.join("db"))? {
        let path = file?.path();
        let Some(name) = path.file_name() else { continue };
        fs::copy(&path, to.join("db").join(name))?;
    }
    Ok(())
}

/// The WAL files of a store, oldest first.
fn wals(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder.join("db")).expect("the database's folder");
    let files = files.filter_map(|file| Some(file.ok()?.path()));
    let wals = files.filter(|path| path.extension().is_some_and(|end| end == "log"));
    let mut wals = wals.collect::<Vec<_>>();
    wals.sort();
    wals
}

#[tokio::test]
async fn a_wal_cut_anywhere_leaves_a_prefix() {
    let folder = tempdir().expect("a folder for the test");
    let options = Options { memtable_bytes_max: 8 << 20, ..Options::default() };
    let engine = RocksEngine::open(folder.path(), options).expect("the folder is ours");
    // Several flushes, so that WAL files are recycled, then lists that are in the WAL only.
    for n in 0..3000 {
        let last = engine.submit(list(n));
        if n % 500 == 499 {
            durable(&engine, last).await.expect("nothing is wrong");
            engine.database.flush().expect("nothing is wrong");
        }
    }
    for n in 3000..3060 {
        let last = engine.submit(list(n));
        durable(&engine, last).await.expect("nothing is wrong");
    }
    // Dropped, not closed: what is in the WAL only stays there.
    drop(engine);
    let pristine = folder;
    let wal = wals(pristine.path()).pop().expect("the newest WAL");
    let bytes = fs::read(&wal).expect("it is there");
    // Behind these a recycled file holds old records.
    let used = bytes.len().min(60 * 2200);
    assert!(used > 60 * 1900, "{used}");
    let mut survivors = std::collections::BTreeSet::new();
    for step in 0..24 {
        let at = used * step / 24;
        let mut torn = bytes.clone();
        match step % 3 {
            // The file system lost the end of the file, lost its blocks, or kept one bad sector.
            0 => torn.truncate(at),
            1 => torn[at..].fill(0),
            _ => torn[at..used.min(at + 16)].iter_mut().for_each(|byte| *byte ^= 0x55),
        }
        let copy = tempdir().expect("a folder for the test");
        image(pristine.path(), copy.path()).expect("a copy of a copy");
        let name = wal.file_name().expect("a file");
        fs::write(copy.path().join("db").join(name), torn).expect("writable");
        let engine = open(copy.path());
        let count = prefix(&engine).await;
        assert!((3000..=3060).contains(&count), "{count} lists after a cut at {at} of {used}");
        survivors.insert(count);
        // It goes on from there.
        let seq = engine.submit(list(count));
        durable(&engine, seq).await.expect("nothing is wrong");
        assert_eq!(prefix(&engine).await, count + 1);
    }
    assert!(survivors.len() > 8, "the cuts made a difference: {survivors:?}");
}
