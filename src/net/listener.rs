//! Listening sockets: bind them all or none, accept, and drain at the end.

use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tracing::{debug, error, info, warn};

use super::connection::{self, Service, raised};
use super::gate::{Gate, Overrides};
use super::meter::Connections;
use super::policy::Policy;
use crate::api::Dispatcher;
use crate::auth::Caller;
use crate::config::{Listener, Settings, keys};

/// Pause after a failed accept, which is nearly always a lack of file descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Kafka's principal of who has not authenticated.
const ANONYMOUS: &str = "User:ANONYMOUS";

/// A listener cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody listens there already.
    #[error("{listener}: {place} is in use by another process")]
    InUse {
        /// The listener's name.
        listener: String,
        /// Host and port.
        place: String,
    },
    /// The host is not known or not ours, or the port needs privileges.
    #[error("{listener}: cannot listen on {place}: {source}")]
    Refused {
        /// The listener's name.
        listener: String,
        /// Host and port.
        place: String,
        /// What the operating system says.
        source: io::Error,
    },
}

impl BindError {
    pub(super) fn new(listener: &str, place: &str, source: io::Error) -> Self {
        let (listener, place) = (listener.to_owned(), place.to_owned());
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::InUse { listener, place },
            _ => Self::Refused { listener, place, source },
        }
    }
}

/// Listeners that are open. Clients can connect already; they are served by [`serve`].
#[derive(Debug)]
pub struct Bound {
    sockets: Vec<(Arc<str>, TcpListener)>,
    addresses: Vec<SocketAddr>,
}

impl Bound {
    /// The address of each listener, in the order of the settings.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }
}

/// Opens every listener of the settings, or none. Must be called within a runtime.
pub async fn bind(settings: &Settings) -> Result<Bound, BindError> {
    let mut bound = Bound { sockets: Vec::new(), addresses: Vec::new() };
    for listener in settings.listeners().bind() {
        let place = format!("{}:{}", listener.host, listener.port);
        let socket = open(listener, settings).await;
        let socket = socket.map_err(|error| BindError::new(&listener.name, &place, error))?;
        let address = socket.local_addr();
        bound
            .addresses
            .push(address.map_err(|error| BindError::new(&listener.name, &place, error))?);
        bound.sockets.push((listener.name.clone(), socket));
    }
    Ok(bound)
}

/// Tries each address that the host has; an empty host is every interface of both families.
async fn open(listener: &Listener, settings: &Settings) -> io::Result<TcpListener> {
    let backlog = settings.get(keys::SOCKET_LISTEN_BACKLOG_SIZE);
    let receive = usize::try_from(settings.get(keys::SOCKET_RECEIVE_BUFFER_BYTES)).ok();
    let places: Vec<SocketAddr> = if listener.host.is_empty() {
        let any: [SocketAddr; 2] =
            [(Ipv6Addr::UNSPECIFIED, listener.port).into(), ([0, 0, 0, 0], listener.port).into()];
        any.to_vec()
    } else {
        let host = listener.host.trim_start_matches('[').trim_end_matches(']');
        tokio::net::lookup_host((host, listener.port)).await?.collect()
    };
    let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for place in places {
        match listen(place, backlog, receive) {
            Ok(socket) => return Ok(socket),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

fn listen(place: SocketAddr, backlog: i32, receive: Option<usize>) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(place), Type::STREAM, Some(Protocol::TCP))?;
    if place.is_ipv6() && place.ip().is_unspecified() {
        socket.set_only_v6(false)?;
    }
    // A restarted broker takes its port again although old connections linger in TIME_WAIT.
    socket.set_reuse_address(true)?;
    if let Some(bytes) = receive {
        socket.set_recv_buffer_size(bytes)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&place.into())?;
    socket.listen(backlog)?;
    TcpListener::from_std(socket.into())
}

/// Serves all listeners until `shutdown` turns true, and then until every connection has drained.
pub async fn serve(bound: Bound, dispatcher: Arc<Dispatcher>, shutdown: watch::Receiver<bool>) {
    let broker = dispatcher.broker().clone();
    let policy = Arc::new(move || Policy::from(&*broker.settings()));
    serve_with(bound, dispatcher, policy, shutdown).await;
}

type PolicySource = Arc<dyn Fn() -> Policy + Send + Sync>;

async fn serve_with<S: Service>(
    bound: Bound,
    service: Arc<S>,
    policy: PolicySource,
    shutdown: watch::Receiver<bool>,
) {
    let gate = Arc::new(Gate::default());
    let mut listeners = JoinSet::new();
    for (name, socket) in bound.sockets {
        let acceptor = Acceptor {
            meter: Connections::new(&name),
            name,
            service: service.clone(),
            policy: policy.clone(),
            gate: gate.clone(),
            shutdown: shutdown.clone(),
        };
        listeners.spawn(acceptor.run(socket));
    }
    while listeners.join_next().await.is_some() {}
}

/// One listener at work.
struct Acceptor<S> {
    name: Arc<str>,
    service: Arc<S>,
    policy: PolicySource,
    gate: Arc<Gate>,
    meter: Connections,
    shutdown: watch::Receiver<bool>,
}

impl<S: Service> Acceptor<S> {
    async fn run(mut self, socket: TcpListener) {
        let mut connections = JoinSet::new();
        let mut overrides = Overrides::default();
        let mut stop = self.shutdown.clone();
        loop {
            let accepted = async {
                self.gate.room(|| (self.policy)().connections_max).await;
                socket.accept().await
            };
            tokio::select! {
                () = raised(&mut stop) => break,
                Some(ended) = connections.join_next() => self.note(ended),
                accepted = accepted => match accepted {
                    Ok((stream, peer)) => {
                        self.welcome(stream, peer, &mut overrides, &mut connections).await;
                    }
                    Err(error) => {
                        warn!(listener = %self.name, %error, "a connection cannot be accepted");
                        tokio::time::sleep(ACCEPT_RETRY).await;
                    }
                },
            }
        }
        drop(socket);
        let open = connections.len();
        info!(listener = %self.name, open, "no longer accepting connections");
        while let Some(ended) = connections.join_next().await {
            self.note(ended);
        }
    }

    /// A panic outside of handlers is a mistake of ours; it has cost one connection.
    fn note(&self, ended: Result<(), JoinError>) {
        if let Err(error) = ended {
            error!(listener = %self.name, %error, "a connection's task failed");
        }
    }

    async fn welcome(
        &mut self,
        stream: TcpStream,
        peer: SocketAddr,
        overrides: &mut Overrides,
        connections: &mut JoinSet<()>,
    ) {
        let policy = (self.policy)();
        overrides.follow(&policy.overrides).await;
        let max = overrides.bound(peer.ip(), policy.per_address_max);
        let entry = match self.gate.enter(peer.ip(), max) {
            Ok(entry) => entry,
            Err(has) => {
                self.meter.refused();
                info!(listener = %self.name, %peer, has, max, "too many connections from there");
                return;
            }
        };
        if let Err(error) = prepare(&stream, &policy) {
            debug!(%peer, %error, "a connection was gone at once");
            return;
        }
        let caller =
            Arc::new(Caller { principal: Arc::from(ANONYMOUS), peer, listener: self.name.clone() });
        let (service, meter) = (self.service.clone(), self.meter.clone());
        let shutdown = self.shutdown.clone();
        connections.spawn(async move {
            let _entry = entry;
            let open = Open::new(meter);
            let (reader, writer) = stream.into_split();
            let allowance = policy.allowance;
            let end =
                connection::serve(reader, writer, &*service, &caller, allowance, shutdown).await;
            drop(open);
            match end.is_fault() {
                true => {
                    warn!(%peer, listener = %caller.listener, reason = %end, "connection closed")
                }
                false => debug!(%peer, reason = %end, "connection closed"),
            }
        });
    }
}

fn prepare(stream: &TcpStream, policy: &Policy) -> io::Result<()> {
    stream.set_nodelay(true)?;
    if let Some(bytes) = policy.send_buffer {
        SockRef::from(stream).set_send_buffer_size(bytes)?;
    }
    SockRef::from(stream).set_keepalive(true)
}

/// Counts a connection as open for as long as it lives, also when its task is ended by a panic.
struct Open(Connections);

impl Open {
    fn new(meter: Connections) -> Self {
        meter.opened();
        Self(meter)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.closed();
    }
}

#[cfg(test)]
mod tests;
