//! Broker processes: one shared by all tests, and ones of a test's own that may be killed.

use super::client::Client;
use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, ToSocketAddrs},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};
use tempfile::TempDir;

/// The binary under test; absent when these files are mounted elsewhere to ask the oracle.
const BINARY: Option<&str> = option_env!("CARGO_BIN_EXE_klamm");

/// The settings in which the shared broker differs from the defaults: the first rebalance of a
/// group should not cost each test three seconds.
const SHARED: &[&str] = &["--set", "group.initial.rebalance.delay.ms=100"];

/// A connection to the oracle when there is one, to the shared broker otherwise.
pub(crate) fn connect() -> Client {
    static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();
    Client::connect(*ADDRESS.get_or_init(|| oracle().unwrap_or_else(shared)))
}

/// Says that a test is skipped when an oracle is asked: it needs a broker of its own.
pub(crate) fn skipped_on_oracle(test: &str) -> bool {
    if oracle().is_some() {
        // Written past the test runner, which would swallow what a passing test prints.
        let line = format!("SKIPPED on the oracle: {test}\n");
        std::io::stderr().write_all(line.as_bytes()).expect("stderr is open");
    }
    oracle().is_some()
}

fn oracle() -> Option<SocketAddr> {
    let address = std::env::var("ORACLE").ok()?;
    address.to_socket_addrs().expect("ORACLE is host:port").next()
}

/// Starts the broker that all tests of this process share. It ends with the process.
fn shared() -> SocketAddr {
    static BROKER: OnceLock<Broker> = OnceLock::new();
    let broker = BROKER.get_or_init(|| {
        let dir = tempfile::tempdir().expect("a temporary folder").keep();
        let broker = Broker::start_on(&dir, SHARED);
        reap(broker.pid(), &dir);
        broker
    });
    broker.address
}

/// Kills the process and removes its folder once this process has ended, however it ended:
/// nothing drops what a `static` holds.
#[expect(clippy::zombie_processes, reason = "it outlives this process, which is its purpose")]
fn reap(pid: u32, dir: &Path) {
    let script = "cat > /dev/null; kill -9 $0; rm -rf \"$1\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, &pid.to_string()]).arg(dir).stdin(Stdio::piped());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("sh runs");
    // The pipe closes when this process ends, and not before.
    std::mem::forget(child.stdin.take());
}

/// A broker process of a test's own.
pub(crate) struct Broker {
    child: Child,
    address: SocketAddr,
    dir: PathBuf,
    options: Vec<String>,
    /// Keeps the data folder until the test is over; the folder given by the caller otherwise.
    temporary: Option<TempDir>,
}

impl Broker {
    /// A broker on an empty folder.
    pub(crate) fn start(options: &[&str]) -> Self {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let mut broker = Self::start_on(&temporary.path().join("data"), options);
        broker.temporary = Some(temporary);
        broker
    }

    /// A broker on this folder.
    pub(crate) fn start_on(dir: &Path, options: &[&str]) -> Self {
        let files = tempfile::tempdir().expect("a temporary folder");
        let ready = files.path().join("ready");
        let mut command = serve(dir, options);
        // Thousands of clients do wrong here on purpose; only the broker's own faults matter.
        command.env("RUST_LOG", "error").arg("--ready-file").arg(&ready).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the klamm binary runs");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("stdout can be read");
        assert!(line.starts_with("klamm ready on "), "klamm did not start, it said {line:?}");
        let bound = std::fs::read_to_string(&ready).expect("the ready file was written");
        let address = parse_address(&bound);
        let options = options.iter().map(|o| o.to_string()).collect();
        Self { child, address, dir: dir.to_owned(), options, temporary: None }
    }

    /// A new connection.
    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its data folder.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends the process at once (SIGKILL) and starts another one on the same folder.
    pub(crate) fn kill_and_restart(mut self) -> Self {
        self.child.kill().expect("the process can be signalled");
        self.child.wait().expect("the process ends");
        self.again()
    }

    /// Asks the process to stop (SIGTERM), waits until it has and starts another one.
    pub(crate) fn stop_and_restart(mut self) -> Self {
        let pid = self.pid().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs");
        assert!(sent.success(), "SIGTERM could not be sent");
        let status = self.child.wait().expect("the process ends");
        assert!(status.success(), "klamm ended with {status} on SIGTERM");
        self.again()
    }

    fn again(mut self) -> Self {
        let options: Vec<&str> = self.options.iter().map(String::as_str).collect();
        let mut next = Self::start_on(&self.dir, &options);
        next.temporary = self.temporary.take();
        next
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A `klamm serve` that has not been started: for the tests of its start-up errors.
pub(crate) fn serve(dir: &Path, options: &[&str]) -> Command {
    serve_on("127.0.0.1:0", dir, options)
}

/// The same on an address of the test's choice.
pub(crate) fn serve_on(listen: &str, dir: &Path, options: &[&str]) -> Command {
    let mut command = Command::new(BINARY.expect("built with the klamm package, or ORACLE is set"));
    command.args(["serve", "--listen", listen, "--data-dir"]).arg(dir).args(options);
    command.env_remove("RUST_LOG").stdin(Stdio::null());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("KAFKA_")) {
        command.env_remove(name);
    }
    command
}

/// The first `host:port` of a ready file, whether or not a listener's name stands before it.
fn parse_address(bound: &str) -> SocketAddr {
    let word = bound.split([' ', ',', '\n', '=']).map(|w| w.rsplit("//").next().unwrap_or(w));
    let found = word.filter_map(|w| w.trim().parse().ok()).next();
    found.unwrap_or_else(|| panic!("no address in the ready file: {bound:?}"))
}
