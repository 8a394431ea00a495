//! `klamm serve`: settings, sockets, store, broker; serve; drain and close.
//!
//! Sockets are opened before the store: a port in use then costs nothing, and clients that come
//! early wait in the backlog instead of being turned away.

use std::fs;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use klamm::api::Dispatcher;
use klamm::base::{Clock, SystemClock};
use klamm::broker::{Broker, Endpoint};
use klamm::config::{Settings, keys};
use klamm::net::{self, Bound, Page};
use klamm::store::mem::MemEngine;
use klamm::store::rocks::{Options, RocksEngine};
use klamm::store::{Engine, StoreError};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{error, info, warn};
use tracing_subscriber::EnvFilter;

use crate::args::{LogFormat, Serve};
use crate::ready::{self, ReadyFile, Served};
use crate::{Failure, print};

/// How long connections may drain before the store is closed all the same.
const DRAIN_MAX: Duration = Duration::from_secs(20);

/// What Apache Kafka leaves in its data folders.
const KAFKAS_MARK: &str = "meta.properties";

pub(crate) fn run(serve: Serve, clock: SystemClock) -> Result<(), Failure> {
    let settings = Settings::load(&serve.settings.sources())
        .map_err(|errors| Failure::of_settings(&errors))?;
    start_logging(serve.log_format)?;
    for note in settings.notes() {
        info!("{note}");
    }
    let runtime = Runtime::new().map_err(Failure::new)?;
    let ended = runtime.block_on(start(&serve, settings, Arc::new(clock)));
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

/// RocksDB tells hundreds of lines at every start: of it only what is wrong, unless asked for.
fn start_logging(format: LogFormat) -> Result<(), Failure> {
    let wanted = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_default();
    let wanted = if wanted.is_empty() { "info,rocksdb=warn".to_owned() } else { wanted };
    let filter = EnvFilter::builder()
        .parse(&wanted)
        .map_err(|error| Failure::new(format!("RUST_LOG={wanted} is not understood: {error}")))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
    Ok(())
}

/// What is open before the broker runs.
struct Opened {
    bound: Bound,
    page: Option<Page>,
    ready_file: Option<ReadyFile>,
}

async fn start(serve: &Serve, settings: Settings, clock: Arc<SystemClock>) -> Result<(), Failure> {
    // Signals count from here on: one that comes during a long recovery ends it in good order.
    let stop = stop_on_signals()?;
    let opened = open(serve, &settings).await?;
    let engine = open_store(serve, &settings)?;
    let broker = Broker::boot(settings, engine.clone(), clock.clone())
        .await
        .map_err(|error| Failure::new(format!("cannot start: {error}")))?;
    tell_cluster_id(&broker);
    let served = serve_until(&broker, opened, &clock, &engine, stop).await;
    let closed = broker.shutdown().await;
    served?;
    closed.map_err(|error| Failure::new(format!("the store cannot be closed: {error}")))?;
    info!("stopped");
    Ok(())
}

async fn open(serve: &Serve, settings: &Settings) -> Result<Opened, Failure> {
    let page = match settings.get(keys::METRICS_LISTEN) {
        Some(place) => Some(net::open_page(&place).await.map_err(Failure::new)?),
        None => None,
    };
    let bound = net::bind(settings).await.map_err(Failure::new)?;
    let ready_file = match &serve.ready_file {
        Some(path) => Some(ReadyFile::prepare(path).map_err(|error| unwritable(path, &error))?),
        None => None,
    };
    Ok(Opened { bound, page, ready_file })
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot write the ready file {}: {error}", path.display()))
}

fn open_store(serve: &Serve, settings: &Settings) -> Result<Arc<dyn Engine>, Failure> {
    if serve.ephemeral {
        info!("ephemeral: everything is kept in memory and gone at the end");
        return Ok(Arc::new(MemEngine::new()));
    }
    let folder = settings.data_dir();
    if folder.join(KAFKAS_MARK).exists() {
        return Err(Failure::new(format!(
            "data folder {} belongs to Apache Kafka, whose files Klamm does not read: give it a \
             folder of its own",
            folder.display()
        )));
    }
    let fsync = settings.get(keys::FSYNC);
    if !fsync {
        warn!("klamm.fsync=false: acknowledged records may be lost when the machine's power fails");
    }
    let memtables = usize::try_from(settings.get(keys::MEMTABLE_BYTES)).unwrap_or(usize::MAX);
    let options = Options { fsync, memtable_bytes_max: memtables, ..Options::default() };
    match RocksEngine::open(&folder, options) {
        Ok(engine) => Ok(Arc::new(engine)),
        Err(StoreError::Io(why)) => Err(Failure::new(why)),
        Err(error) => Err(Failure::new(error)),
    }
}

fn tell_cluster_id(broker: &Broker) {
    let (id, settings) = (broker.cluster_id(), broker.settings());
    match settings.get(keys::CLUSTER_ID) {
        Some(wanted) if *wanted != *id => {
            warn!(id, %wanted, "the data folder has a cluster id already and keeps it");
        }
        _ => info!(cluster_id = id, node_id = broker.node_id(), "started"),
    }
}

/// Serves until a signal comes or the store fails, then drains.
async fn serve_until(
    broker: &Arc<Broker>,
    opened: Opened,
    clock: &SystemClock,
    engine: &Arc<dyn Engine>,
    mut stop: watch::Receiver<bool>,
) -> Result<(), Failure> {
    let Opened { bound, page, ready_file } = opened;
    advertise(broker, &bound);
    let served = places(broker, &bound);
    let metrics = page.as_ref().map(|page| Served::new("METRICS", page.address()));
    let dispatcher = Arc::new(Dispatcher::new(broker.clone(), page.is_some()));
    let (drain, draining) = watch::channel(false);
    let page = page.map(|page| start_page(page, broker, draining.clone()));
    let connections = start_connections(bound, dispatcher, draining);
    if let Some(file) = &ready_file {
        file.write(served.iter().chain(&metrics)).map_err(Failure::new)?;
    }
    print(&ready::line(&served, clock.now().tick))?;

    let mut progress = engine.progress();
    let failed = tokio::select! {
        _ = stop.wait_for(|stop| *stop) => None,
        failed = progress.wait_for(|progress| progress.failed.is_some()) => {
            failed.ok().and_then(|progress| progress.failed.clone())
        }
    };
    info!("stopping");
    drain.send_replace(true);
    if tokio::time::timeout(DRAIN_MAX, connections).await.is_err() {
        warn!("some connections did not drain and are cut off");
    }
    if let Some(page) = page {
        page.abort();
    }
    match failed {
        None => Ok(()),
        Some(failed) => {
            error!(%failed, "the store failed: nothing more can be acknowledged");
            Err(Failure::new(format!("stopped because the store failed: {failed}")))
        }
    }
}

fn advertise(broker: &Broker, bound: &Bound) {
    let told = broker.settings().listeners().advertise(bound.addresses(), &hostname());
    let endpoint = |told: klamm::config::Endpoint| {
        let klamm::config::Endpoint { listener, host, port } = told;
        Endpoint { listener, host, port }
    };
    let endpoints: Vec<_> = told.into_iter().map(endpoint).collect();
    for Endpoint { listener, host, port } in &endpoints {
        info!(%listener, "clients are told to connect to {host}:{port}");
    }
    broker.advertise(endpoints);
}

/// The machine's own name, for listeners on every interface without an advertised host.
fn hostname() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "localhost".to_owned(),
        name => name.to_owned(),
    }
}

fn places(broker: &Broker, bound: &Bound) -> Vec<Served> {
    let settings = broker.settings();
    let listeners = settings.listeners().bind().iter().zip(bound.addresses());
    listeners.map(|(listener, address)| Served::new(&listener.name, *address)).collect()
}

#[expect(clippy::disallowed_methods, reason = "the program's own tasks start here")]
fn start_connections(
    bound: Bound,
    dispatcher: Arc<Dispatcher>,
    draining: watch::Receiver<bool>,
) -> JoinHandle<()> {
    tokio::spawn(net::serve(bound, dispatcher, draining))
}

#[expect(clippy::disallowed_methods, reason = "the program's own tasks start here")]
fn start_page(
    page: Page,
    broker: &Arc<Broker>,
    draining: watch::Receiver<bool>,
) -> JoinHandle<std::io::Result<()>> {
    info!(address = %page.address(), "metrics and health are served");
    tokio::spawn(page.serve(broker.clone(), draining))
}

/// Turns true at SIGTERM or SIGINT. A second one ends the process at once: nothing that was
/// acknowledged is lost by that.
#[expect(clippy::disallowed_methods, reason = "the program's own tasks start here")]
fn stop_on_signals() -> Result<watch::Receiver<bool>, Failure> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::new)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::new)?;
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        for _ in 0..2 {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if stop.send_replace(true) {
                std::process::exit(130);
            }
        }
    });
    Ok(stopped)
}
