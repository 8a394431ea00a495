//! Real sockets on this machine, with a service that echoes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{BindError, Bound, PolicySource, Service, serve_with};
use crate::api::{Dispatched, Reply};
use crate::auth::Caller;
use crate::net::connection::Allowance;
use crate::net::policy::Policy;

/// Answers with the listener's name.
struct Name;

impl Service for Name {
    fn call(&self, caller: &Arc<Caller>, frame: Bytes) -> impl Future<Output = Dispatched> + Send {
        assert!(&frame[..] != b"panic", "asked to");
        let mut head = BytesMut::new();
        head.put_i32(i32::try_from(caller.listener.len()).expect("small"));
        head.put_slice(caller.listener.as_bytes());
        let reply = Reply { head: head.freeze(), rest: Vec::new() };
        std::future::ready(Dispatched::Reply(reply))
    }
}

fn policy(connections_max: usize, per_address_max: usize) -> PolicySource {
    Arc::new(move || Policy {
        connections_max,
        per_address_max,
        overrides: "".into(),
        allowance: Allowance { request_bytes_max: 100, idle_max: Duration::from_secs(600) },
        send_buffer: None,
    })
}

struct Running {
    addresses: Vec<SocketAddr>,
    shutdown: watch::Sender<bool>,
    served: JoinHandle<()>,
}

#[expect(clippy::disallowed_methods, reason = "a test runs the listeners beside itself")]
async fn run(names: &[&str], policy: PolicySource) -> Running {
    let mut bound = Bound { sockets: Vec::new(), addresses: Vec::new() };
    for name in names {
        let socket = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        bound.addresses.push(socket.local_addr().expect("it is bound"));
        bound.sockets.push(((*name).into(), socket));
    }
    let addresses = bound.addresses().to_vec();
    let (shutdown, stop) = watch::channel(false);
    let served = tokio::spawn(serve_with(bound, Arc::new(Name), policy, stop));
    Running { addresses, shutdown, served }
}

async fn connect(to: SocketAddr) -> TcpStream {
    TcpStream::connect(to).await.expect("somebody listens")
}

async fn ask(stream: &mut TcpStream, request: &str) -> std::io::Result<String> {
    stream.write_i32(i32::try_from(request.len()).expect("small")).await?;
    stream.write_all(request.as_bytes()).await?;
    let length = stream.read_i32().await?;
    let mut reply = vec![0; usize::try_from(length).expect("not negative")];
    stream.read_exact(&mut reply).await?;
    Ok(String::from_utf8_lossy(&reply).into_owned())
}

#[tokio::test]
async fn every_listener_is_served_under_its_name() {
    let running = run(&["INSIDE", "OUTSIDE"], policy(9, 9)).await;
    for (address, name) in running.addresses.iter().zip(["INSIDE", "OUTSIDE"]) {
        let mut stream = connect(*address).await;
        assert_eq!(ask(&mut stream, "x").await.expect("an answer"), name);
    }
}

#[tokio::test]
async fn a_shutdown_closes_listeners_and_quiet_connections() {
    let running = run(&["A"], policy(9, 9)).await;
    let mut stream = connect(running.addresses[0]).await;
    ask(&mut stream, "x").await.expect("an answer");
    running.shutdown.send(true).expect("the listeners listen");
    running.served.await.expect("an orderly end");
    assert_eq!(stream.read(&mut [0]).await.expect("an orderly end"), 0);
    assert!(TcpStream::connect(running.addresses[0]).await.is_err());
}

#[tokio::test]
async fn one_address_too_many_is_turned_away_and_the_others_go_on() {
    let running = run(&["A"], policy(9, 1)).await;
    let mut first = connect(running.addresses[0]).await;
    ask(&mut first, "x").await.expect("an answer");
    let mut second = connect(running.addresses[0]).await;
    assert!(ask(&mut second, "x").await.is_err());
    assert_eq!(ask(&mut first, "x").await.expect("an answer"), "A");
}

#[tokio::test]
async fn a_full_broker_accepts_when_another_leaves() {
    let running = run(&["A"], policy(1, 9)).await;
    let mut first = connect(running.addresses[0]).await;
    ask(&mut first, "x").await.expect("an answer");
    let mut second = connect(running.addresses[0]).await;
    drop(first);
    assert_eq!(ask(&mut second, "x").await.expect("an answer"), "A");
}

#[tokio::test]
async fn a_panic_costs_one_connection() {
    let running = run(&["A"], policy(1, 9)).await;
    let mut first = connect(running.addresses[0]).await;
    assert!(ask(&mut first, "panic").await.is_err());
    let mut second = connect(running.addresses[0]).await;
    assert_eq!(ask(&mut second, "x").await.expect("an answer"), "A");
}

#[test]
fn a_port_in_use_is_named() {
    let error = std::io::ErrorKind::AddrInUse.into();
    let error = BindError::new("PLAINTEXT", "127.0.0.1:9092", error);
    assert_eq!(error.to_string(), "PLAINTEXT: 127.0.0.1:9092 is in use by another process");
}
