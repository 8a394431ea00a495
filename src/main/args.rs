//! The command line, and the settings that its flags stand for.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use klamm::config::{Flag, Sources, keys};

/// Where the apache/kafka image looks for a file of settings.
const CONTAINER_CONFIG: &str = "/mnt/shared/config/server.properties";

/// A Kafka-compatible broker.
#[derive(Debug, Parser)]
#[command(name = "klamm", version, about, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the broker; without any flags on 127.0.0.1:9092, with its data in ./klamm-data
    Serve(Serve),
    /// Ask a running broker whether it answers; the exit code says so
    Health(Health),
    /// Print docs/CONFIG.md
    #[command(hide = true)]
    ConfigDocs,
}

#[derive(Args, Debug)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) settings: SettingFlags,
    /// Keep everything in memory: nothing is written, all is gone at the end
    #[arg(long)]
    pub(crate) ephemeral: bool,
    /// Once the broker serves, write the listeners there, a line `NAME host:port` for each
    #[arg(long, value_name = "PATH")]
    pub(crate) ready_file: Option<PathBuf>,
    /// How log lines look; RUST_LOG says which (such as `debug`, or `klamm=debug,info`)
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
}

#[derive(Args, Debug)]
pub(crate) struct Health {
    #[command(flatten)]
    pub(crate) settings: SettingFlags,
    /// Where the broker is; by default where `serve` with the same settings listens
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) addr: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people
    Text,
    /// A JSON object a line
    Json,
}

/// Settings: defaults, then the file, then KAFKA_* environment variables, then flags.
#[derive(Args, Debug)]
pub(crate) struct SettingFlags {
    /// A file of settings by Kafka's names, such as Kafka's own server.properties
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Listen there, HOST:PORT or NAME://HOST:PORT; again for more. Port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT")]
    listen: Vec<String>,
    /// Tell clients to connect there, HOST:PORT or NAME://HOST:PORT; again for more
    #[arg(long, value_name = "HOST:PORT")]
    advertise: Vec<String>,
    /// Keep the data in this folder
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// Serve /metrics and /healthz over HTTP there
    #[arg(long, value_name = "HOST:PORT")]
    metrics_listen: Option<String>,
    /// Any setting by Kafka's name; again for more
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
    /// The defaults of the apache/kafka image: all interfaces, advertised as localhost
    #[arg(long, hide = true)]
    container: bool,
}

impl SettingFlags {
    /// Where the settings come from.
    pub(crate) fn sources(&self) -> Sources {
        let mut flags = Vec::new();
        let mut put = |name: &str, value: String, flag| {
            flags.push(Flag { name: name.to_owned(), value, flag });
        };
        for (name, value) in &self.set {
            put(name, value.clone(), "--set");
        }
        if !self.listen.is_empty() {
            put(keys::LISTENERS.name(), listeners(&self.listen), "--listen");
        }
        if !self.advertise.is_empty() {
            put(keys::ADVERTISED_LISTENERS.name(), listeners(&self.advertise), "--advertise");
        }
        if let Some(dir) = &self.data_dir {
            put(keys::LOG_DIRS.name(), dir.clone(), "--data-dir");
        }
        if let Some(place) = &self.metrics_listen {
            put(keys::METRICS_LISTEN.name(), place.clone(), "--metrics-listen");
        }
        let in_image = self.container.then(|| PathBuf::from(CONTAINER_CONFIG));
        let in_image = in_image.filter(|path| path.exists());
        // Variables whose name or value is no Unicode are none of ours.
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Sources {
            file: self.config.clone().or(in_image),
            env: std::env::vars_os().filter_map(text).collect(),
            flags,
            container: self.container,
        }
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) => Ok((name.trim().to_owned(), value.to_owned())),
        None => Err("it must be of the form KEY=VALUE".to_owned()),
    }
}

/// As `listeners` takes them: a place without a name is PLAINTEXT.
fn listeners(places: &[String]) -> String {
    let named = |place: &str| match place.contains("://") {
        true => place.to_owned(),
        false => format!("PLAINTEXT://{place}"),
    };
    let places = places.iter().flat_map(|given| given.split(','));
    places.map(|place| named(place.trim())).collect::<Vec<_>>().join(",")
}
