//! The data folder around the database: who has it open, and which layout it has.
//!
//! ```text
//! <data folder>/lock     locked by the process that has the folder open; the lock ends with it
//! <data folder>/format   the layout's number, written before the database is made
//! <data folder>/db/      the RocksDB database
//! ```

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use crate::store::StoreError;
use crate::store::keys::FORMAT;

/// The first line of the `format` file; the number follows.
const FORMAT_LINE: &str = "klamm data format ";

/// An open data folder. Dropping it lets another process have it.
pub(super) struct Folder {
    /// Where the database lies.
    pub(super) database: PathBuf,
    _lock: File,
}

impl Folder {
    /// Takes the folder for this process, making it if there is none.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let describe = |error: std::io::Error| {
            StoreError::Io(format!("cannot use data folder {}: {error}", path.display()))
        };
        fs::create_dir_all(path).map_err(describe)?;
        let lock = take_lock(path)?;
        let database = path.join("db");
        match read_format(path).map_err(describe)? {
            Some(found) => check_format(path, &found)?,
            None if database.exists() => {
                return Err(StoreError::Corrupt(format!(
                    "data folder {} holds a database but no `format` file",
                    path.display()
                )));
            }
            None => write_format(path).map_err(describe)?,
        }
        Ok(Self { database, _lock: lock })
    }
}

/// The operating system drops the lock when the process ends, however it ends.
fn take_lock(path: &Path) -> Result<File, StoreError> {
    let describe = |error: std::io::Error| {
        StoreError::Io(format!("cannot lock data folder {}: {error}", path.display()))
    };
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path.join("lock"))
        .map_err(describe)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked(format!(
            "data folder {} is in use by another running broker",
            path.display()
        ))),
        Err(TryLockError::Error(error)) => Err(describe(error)),
    }
}

/// What the `format` file says, bounded: it may be anything.
fn read_format(path: &Path) -> std::io::Result<Option<String>> {
    let file = match File::open(path.join("format")) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = Vec::new();
    file.take(256).read_to_end(&mut text)?;
    Ok(Some(String::from_utf8_lossy(&text).into_owned()))
}

fn check_format(path: &Path, found: &str) -> Result<(), StoreError> {
    let number = found.trim_end().strip_prefix(FORMAT_LINE).and_then(|text| text.parse().ok());
    match number {
        Some(FORMAT) => Ok(()),
        Some(newer) if newer > FORMAT => Err(StoreError::NewerFormat(format!(
            "data folder {} was written by a newer Klamm (format {newer}; this one reads {FORMAT})",
            path.display()
        ))),
        _ => Err(StoreError::Corrupt(format!(
            "the `format` file of data folder {} is not one of Klamm's",
            path.display()
        ))),
    }
}

/// Written aside and renamed, so that a crash leaves either none or a whole one.
fn write_format(path: &Path) -> std::io::Result<()> {
    let aside = path.join("format.new");
    let mut file = File::create(&aside)?;
    writeln!(file, "{FORMAT_LINE}{FORMAT}")?;
    file.sync_all()?;
    fs::rename(aside, path.join("format"))?;
    File::open(path)?.sync_all()
}
