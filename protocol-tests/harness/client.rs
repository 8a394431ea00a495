//! A small blocking client: sends what it is told, lie or truth, and decodes what comes back.

use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::{
    messages::{ApiKey, RequestHeader, ResponseHeader},
    protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes},
};
use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    time::Duration,
};

/// How long an answer may take on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Client {
    stream: TcpStream,
    correlation: i32,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the broker listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("not zero");
        stream.set_nodelay(true).expect("a TCP socket");
        Self { stream, correlation: 0 }
    }

    /// Another connection to the same broker.
    pub(crate) fn again(&self) -> Self {
        Self::connect(self.stream.peer_addr().expect("it is connected"))
    }

    /// Sends a request and waits for its answer.
    pub(crate) fn call<R: Request>(&mut self, version: i16, request: &R) -> R::Response {
        let correlation = self.send(version, request);
        self.receive::<R>(version, correlation)
    }

    /// Sends a request and does not wait: returns its correlation id.
    pub(crate) fn send<R: Request>(&mut self, version: i16, request: &R) -> i32 {
        let mut body = BytesMut::new();
        request.encode(&mut body, version).expect("the version can say this");
        self.send_body(R::KEY, version, &body)
    }

    /// Sends a request whose body is given as bytes.
    pub(crate) fn send_body(&mut self, key: i16, version: i16, body: &[u8]) -> i32 {
        self.correlation += 1;
        let header = header(key, version, self.correlation);
        self.send_frame(&[&header[..], body].concat());
        self.correlation
    }

    /// Sends a frame: its length and these bytes.
    pub(crate) fn send_frame(&mut self, frame: &[u8]) {
        let length = i32::try_from(frame.len()).expect("a frame fits");
        self.send_raw(&[&length.to_be_bytes()[..], frame].concat());
    }

    /// Sends bytes as they are. A broker that has hung up already does not fail the test here.
    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        match self.stream.write_all(bytes) {
            Err(e) if !hung_up(e.kind()) => panic!("cannot send: {e}"),
            _ => {}
        }
    }

    /// Says that nothing more will be sent.
    pub(crate) fn finish(&mut self) {
        self.stream.shutdown(Shutdown::Write).expect("it is connected");
    }

    /// Waits for the answer to the request with this correlation id, which must come next.
    pub(crate) fn receive<R: Request>(&mut self, version: i16, correlation: i32) -> R::Response {
        let key = ApiKey::try_from(R::KEY).expect("the crate knows it");
        let Some(mut frame) = self.receive_frame() else {
            panic!("the connection was closed instead of a {key:?} v{version} answer")
        };
        let header_version = R::Response::header_version(version);
        let header = ResponseHeader::decode(&mut frame, header_version).expect("a response header");
        assert_eq!(header.correlation_id, correlation, "{key:?} v{version}: another answer");
        let body = R::Response::decode(&mut frame, version)
            .unwrap_or_else(|e| panic!("{key:?} v{version}: undecodable answer: {e}"));
        assert!(!frame.has_remaining(), "{key:?} v{version}: {} bytes too many", frame.len());
        body
    }

    /// The next frame without its length; None when the broker closed the connection.
    pub(crate) fn receive_frame(&mut self) -> Option<Bytes> {
        let mut length = [0; 4];
        if !self.fill(&mut length) {
            return None;
        }
        let length = usize::try_from(i32::from_be_bytes(length)).expect("a positive length");
        let mut frame = vec![0; length];
        assert!(self.fill(&mut frame), "the connection was closed within an answer");
        Some(frame.into())
    }

    /// Fails the test unless the broker closes the connection without a word.
    #[track_caller]
    pub(crate) fn expect_closed(&mut self) {
        if let Some(frame) = self.receive_frame() {
            panic!("expected the connection to be closed, got an answer: {frame:02x?}");
        }
    }

    /// Fills `into`; false when the connection ended before the first byte.
    fn fill(&mut self, into: &mut [u8]) -> bool {
        let mut filled = 0;
        while filled < into.len() {
            match self.stream.read(&mut into[filled..]) {
                Ok(0) if filled == 0 => return false,
                Ok(0) => panic!("the connection was closed within an answer"),
                Ok(n) => filled += n,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if hung_up(e.kind()) && filled == 0 => return false,
                Err(e) => panic!("no answer within {PATIENCE:?}: {e}"),
            }
        }
        true
    }
}

fn hung_up(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}

/// A request header in the version that belongs to the API's version; for keys and versions
/// that the crate does not know, version 1.
pub(crate) fn header(key: i16, version: i16, correlation: i32) -> Bytes {
    let header = RequestHeader::default()
        .with_request_api_key(key)
        .with_request_api_version(version)
        .with_correlation_id(correlation)
        .with_client_id(Some(StrBytes::from_static_str("protocol-tests")));
    let version = match ApiKey::try_from(key) {
        Ok(api) => api.request_header_version(version),
        Err(()) => 1,
    };
    let mut bytes = BytesMut::new();
    header.encode(&mut bytes, version).expect("a header can be encoded");
    bytes.freeze()
}
