//! `klamm health`: one ApiVersions round trip, for Docker's HEALTHCHECK and scripts.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use klamm::config::Settings;

use crate::args::Health;
use crate::{Failure, print};

/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// More than any answer to ApiVersions; a larger one comes from something else.
const ANSWER_MAX: u32 = 1 << 20;

/// ApiVersions, version 0, correlation id 7, client id "klamm-health".
const QUESTION: &[u8] = b"\0\0\0\x16\0\x12\0\0\0\0\0\x07\0\x0cklamm-health";

pub(crate) fn run(health: Health) -> Result<(), Failure> {
    let place = match &health.addr {
        Some(addr) => addr.clone(),
        None => first_listener(&health)?,
    };
    match ask(&place) {
        Ok(()) => print("ok\n"),
        Err(error) => Err(Failure::new(format!("the broker at {place} does not answer: {error}"))),
    }
}

/// Where `serve` with the same settings listens.
fn first_listener(health: &Health) -> Result<String, Failure> {
    let settings = Settings::load(&health.settings.sources())
        .map_err(|errors| Failure::of_settings(&errors))?;
    let Some(listener) = settings.listeners().bind().first() else {
        return Err(Failure::new("there is no listener"));
    };
    let host = match listener.host.as_str() {
        "" | "0.0.0.0" => "127.0.0.1".to_owned(),
        "::" => "[::1]".to_owned(),
        host if host.contains(':') => format!("[{host}]"),
        host => host.to_owned(),
    };
    Ok(format!("{host}:{}", listener.port))
}

fn ask(place: &str) -> io::Result<()> {
    let mut stream = connect(place)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(QUESTION)?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length);
    let strange = || io::Error::new(io::ErrorKind::InvalidData, "the answer is not Kafka's");
    if !(6..=ANSWER_MAX).contains(&length) {
        return Err(strange());
    }
    let mut head = [0; 6];
    stream.read_exact(&mut head)?;
    // The correlation id, then the error code.
    if head == [0, 0, 0, 7, 0, 0] { Ok(()) } else { Err(strange()) }
}

fn connect(place: &str) -> io::Result<TcpStream> {
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in place.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}
