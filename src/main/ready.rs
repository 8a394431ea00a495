//! Telling that the broker serves: one line on stdout, and the ready file.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the broker serves, and what that is called.
pub(crate) struct Served {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
}

impl Served {
    pub(crate) fn new(name: &str, address: SocketAddr) -> Self {
        Self { name: name.to_owned(), address }
    }
}

/// The line for people and scripts.
pub(crate) fn line(served: &[Served], after: Duration) -> String {
    let places: Vec<_> = served.iter().map(|one| one.address.to_string()).collect();
    format!("klamm ready on {} in {} ms\n", places.join(", "), after.as_millis())
}

/// A ready file; it goes when the broker ends in good order.
pub(crate) struct ReadyFile(PathBuf);

impl ReadyFile {
    /// Takes away what an earlier run left, so that nobody reads old addresses.
    pub(crate) fn prepare(path: &Path) -> io::Result<Self> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(Self(path.to_owned())),
        }
    }

    /// Written aside and renamed: whoever sees the file sees all of it.
    pub(crate) fn write<'a>(&self, served: impl Iterator<Item = &'a Served>) -> io::Result<()> {
        let text: String = served.map(|one| format!("{} {}\n", one.name, one.address)).collect();
        let mut aside = self.0.clone().into_os_string();
        aside.push(format!(".{}.new", std::process::id()));
        fs::write(&aside, text)?;
        fs::rename(&aside, &self.0)
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        // It may be gone already; there is nobody left to tell.
        let _gone = fs::remove_file(&self.0);
    }
}
