//! Honoured: listeners, sockets and connections.

use std::sync::Arc;

use crate::config::keys::honoured;
use crate::config::value::Check::{Any, AtLeast};

honoured! {
    /// Where to listen: NAME://host:port, with commas between several. An empty host means every
    /// interface, port 0 takes a free port. Kafka's default is every interface, Klamm's is this
    /// machine only.
    LISTENERS: Arc<[Arc<str>]> = "listeners" "PLAINTEXT://127.0.0.1:9092", Any, ReadOnly;

    /// Where clients are told to connect, one for each listener; null means the listeners
    /// themselves.
    ADVERTISED_LISTENERS: Option<Arc<[Arc<str>]>> =
        "advertised.listeners" null, Any, ReadOnly;

    /// Which protocol each listener name speaks, as NAME:PROTOCOL with commas between. Only
    /// PLAINTEXT is built; a listener that is to speak another one is refused.
    LISTENER_SECURITY_PROTOCOL_MAP: Arc<str> = "listener.security.protocol.map"
        "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT",
        Any, ReadOnly;

    /// Names of listeners that are for controllers. Klamm has no controller to talk to and does
    /// not open them.
    CONTROLLER_LISTENER_NAMES: Arc<[Arc<str>]> =
        "controller.listener.names" "", Any, ReadOnly;

    /// The largest request that is read, in bytes. A larger one closes its connection.
    SOCKET_REQUEST_MAX_BYTES: i32 =
        "socket.request.max.bytes" "104857600", AtLeast(1), ReadOnly;

    /// The send buffer (SO_SNDBUF) of client sockets; -1 leaves it to the operating system.
    SOCKET_SEND_BUFFER_BYTES: i32 =
        "socket.send.buffer.bytes" "102400", Any, ReadOnly;

    /// The receive buffer (SO_RCVBUF) of client sockets; -1 leaves it to the operating system.
    SOCKET_RECEIVE_BUFFER_BYTES: i32 =
        "socket.receive.buffer.bytes" "102400", Any, ReadOnly;

    /// Connections that may wait to be accepted, per listener.
    SOCKET_LISTEN_BACKLOG_SIZE: i32 =
        "socket.listen.backlog.size" "50", AtLeast(1), ReadOnly;

    /// Connections that may be open at once.
    MAX_CONNECTIONS: i32 = "max.connections" "2147483647", AtLeast(0), ClusterWide;

    /// Connections that may be open at once from one address.
    MAX_CONNECTIONS_PER_IP: i32 =
        "max.connections.per.ip" "2147483647", AtLeast(0), ClusterWide;

    /// Other bounds for some addresses or host names, as host:count with commas between.
    MAX_CONNECTIONS_PER_IP_OVERRIDES: Arc<str> =
        "max.connections.per.ip.overrides" "", Any, ClusterWide;

    /// Milliseconds of silence after which a connection is closed.
    CONNECTIONS_MAX_IDLE_MS: i64 = "connections.max.idle.ms" "600000", Any, ReadOnly;
}
