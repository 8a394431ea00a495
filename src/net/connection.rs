//! One connection: frames in, replies out, in one task.
//!
//! ```text
//!   socket --> Frames --> dispatch (one at a time, in order) --> Pipeline --> Outbox --> socket
//!                              |                                   ^
//!                              '--> Later futures, all at once ----'
//! ```
//! Reading stops while the pipeline has no room: the peer is slowed down by TCP, and memory stays
//! bounded. The end comes by the peer (end of stream), by a fault, by idleness or by shutdown; but
//! for idleness, replies to what was begun still leave, within [`DRAIN_MAX`].

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::Instant;

use super::meter::Traffic;
use super::outbox::Outbox;
use super::pipeline::{Bounds, Pipeline, Ticket};
use crate::api::{Dispatched, Dispatcher, Fault, Reply};
use crate::auth::Caller;
use crate::base::limits::{REQUESTS_IN_FLIGHT_MAX, UNSENT_REPLY_BYTES_MAX};
use crate::wire::frame::{FrameError, Frames};

/// How long replies may take to leave once a connection is to end. Parked requests (a long poll, a
/// join) are given up then: the client repeats them.
const DRAIN_MAX: Duration = Duration::from_secs(5);

/// What works on requests: the dispatcher, or a stand-in of the tests.
pub trait Service: Send + Sync + 'static {
    /// Starts work on one request; awaited in request order per connection.
    fn call(&self, caller: &Arc<Caller>, frame: Bytes) -> impl Future<Output = Dispatched> + Send;
}

impl Service for Dispatcher {
    fn call(&self, caller: &Arc<Caller>, frame: Bytes) -> impl Future<Output = Dispatched> + Send {
        self.dispatch(caller, frame)
    }
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum End {
    #[error("closed by the peer")]
    Peer,
    #[error("idle for too long")]
    Idle,
    #[error("the broker shuts down")]
    Shutdown,
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Frame(#[from] FrameError),
    #[error("{0}")]
    Fault(#[from] Fault),
}

impl End {
    /// Whether somebody made a mistake: worth a line in the log.
    pub(super) fn is_fault(&self) -> bool {
        matches!(self, Self::Frame(_) | Self::Fault(_))
    }
}

/// What a connection is allowed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    pub(super) request_bytes_max: usize,
    pub(super) idle_max: Duration,
}

/// Serves one connection until it ends.
pub(super) async fn serve<S: Service>(
    reader: impl AsyncRead + Unpin,
    writer: impl AsyncWrite + Unpin,
    service: &S,
    caller: &Arc<Caller>,
    allowance: Allowance,
    mut shutdown: watch::Receiver<bool>,
) -> End {
    let (mut reader, mut writer) = (reader, writer);
    let mut state = State::new(allowance);
    let mut current = pin!(None);
    let mut timer = pin!(tokio::time::sleep_until(state.timer));
    loop {
        if current.is_none()
            && let Some((ticket, frame)) = state.next_request()
        {
            current.set(Some(async move { (ticket, service.call(caller, frame).await) }));
        }
        let busy = current.is_some();
        if state.is_over(busy) {
            break;
        }
        if timer.deadline() != state.timer {
            timer.as_mut().reset(state.timer);
        }
        let (reading, polling) = (!busy && state.has_room(), state.polls_laters());
        let (sending, open) = (state.outbox.bytes() > 0, !state.pipeline.is_closed());
        let State { laters, outbox, frames, .. } = &mut state;
        let event = tokio::select! {
            biased;
            Some((ticket, answer)) = laters.next(), if polling => Event::Answered(ticket, answer),
            (ticket, dispatched) = poll_fn(|context| match current.as_mut().as_pin_mut() {
                Some(call) => call.poll(context),
                None => Poll::Pending,
            }), if busy => {
                current.set(None);
                Event::Dispatched(ticket, dispatched)
            }
            written = outbox.write(&mut writer), if sending => Event::Written(written),
            () = raised(&mut shutdown), if open => Event::Shutdown,
            () = timer.as_mut() => Event::Timer,
            read = async { reader.read_buf(frames.space()).await }, if reading => {
                Event::Read(read)
            }
        };
        state.react(event);
    }
    // Tells the peer that nothing more comes; if it is gone already there is nobody to tell.
    let _gone = writer.shutdown().await;
    state.end.unwrap_or(End::Peer)
}

/// Waits for the end of the broker, which also is at hand when nobody can announce it any more.
pub(super) async fn raised(shutdown: &mut watch::Receiver<bool>) {
    let _either = shutdown.wait_for(|stop| *stop).await;
}

/// What can happen next.
enum Event {
    Read(io::Result<usize>),
    Dispatched(Ticket, Dispatched),
    Answered(Ticket, Result<Reply, Fault>),
    Written(io::Result<usize>),
    Timer,
    Shutdown,
}

type Later = BoxFuture<'static, (Ticket, Result<Reply, Fault>)>;

struct State {
    frames: Frames,
    pipeline: Pipeline<Reply>,
    laters: FuturesUnordered<Later>,
    outbox: Outbox,
    traffic: Traffic,
    idle_max: Duration,
    last_active: Instant,
    /// When to look whether the connection is idle, or when to give it up once it is closing.
    timer: Instant,
    /// Why it ends, once that is known.
    end: Option<End>,
    /// Nothing can be sent any more.
    broken: bool,
}

impl State {
    fn new(allowance: Allowance) -> Self {
        let bounds =
            Bounds { in_flight_max: REQUESTS_IN_FLIGHT_MAX, unsent_max: UNSENT_REPLY_BYTES_MAX };
        let now = Instant::now();
        Self {
            frames: Frames::new(allowance.request_bytes_max),
            pipeline: Pipeline::new(bounds),
            laters: FuturesUnordered::new(),
            outbox: Outbox::default(),
            traffic: Traffic::new(),
            idle_max: allowance.idle_max,
            last_active: now,
            timer: now + allowance.idle_max,
            end: None,
            broken: false,
        }
    }

    fn has_room(&self) -> bool {
        self.pipeline.has_room(self.outbox.bytes())
    }

    /// Answers are taken up as long as the peer takes them off us.
    fn polls_laters(&self) -> bool {
        !self.laters.is_empty() && self.outbox.bytes() < UNSENT_REPLY_BYTES_MAX
    }

    /// The next request whose bytes are all there, if one may be begun.
    fn next_request(&mut self) -> Option<(Ticket, Bytes)> {
        if !self.has_room() {
            return None;
        }
        match self.frames.take() {
            Ok(frame) => frame.map(|frame| (self.pipeline.begin(), frame)),
            Err(error) => {
                self.close(error.into());
                None
            }
        }
    }

    fn is_over(&self, busy: bool) -> bool {
        let drained = self.pipeline.is_empty() && self.outbox.bytes() == 0 && !busy;
        self.broken || (self.pipeline.is_closed() && drained)
    }

    /// Begins the end: what was begun may still be answered for a while.
    fn close(&mut self, end: End) {
        self.pipeline.close();
        self.timer = Instant::now() + DRAIN_MAX;
        self.end.get_or_insert(end);
    }

    fn react(&mut self, event: Event) {
        match event {
            Event::Timer => return self.expire(),
            Event::Shutdown => self.close(End::Shutdown),
            Event::Read(Ok(0)) => self.close(End::Peer),
            Event::Read(Ok(bytes)) => self.traffic.received(bytes),
            Event::Written(Ok(bytes)) => self.traffic.sent(bytes),
            Event::Read(Err(error)) | Event::Written(Err(error)) => {
                self.broken = true;
                self.end.get_or_insert(error.into());
            }
            Event::Dispatched(ticket, dispatched) => self.dispatched(ticket, dispatched),
            Event::Answered(ticket, answer) => self.answered(ticket, answer),
        }
        self.last_active = Instant::now();
        while let Some(reply) = self.pipeline.take() {
            self.outbox.push(reply);
        }
    }

    fn dispatched(&mut self, ticket: Ticket, dispatched: Dispatched) {
        match dispatched {
            _ if !self.pipeline.knows(ticket) => {}
            Dispatched::Reply(reply) => self.answered(ticket, Ok(reply)),
            Dispatched::Close(fault) => self.answered(ticket, Err(fault)),
            Dispatched::Silent => self.pipeline.silence(ticket),
            Dispatched::Later(answer) => {
                self.laters.push(Box::pin(async move { (ticket, answer.await) }));
            }
        }
    }

    fn answered(&mut self, ticket: Ticket, answer: Result<Reply, Fault>) {
        // A fault of an earlier request may have cut this one off.
        if !self.pipeline.knows(ticket) {
            return;
        }
        match answer {
            Ok(reply) => {
                let bytes = reply.len();
                self.pipeline.finish(ticket, reply, bytes);
            }
            Err(fault) => {
                self.pipeline.cut(ticket);
                self.close(fault.into());
            }
        }
    }

    /// The timer rang: the connection is idle, was not idle for long enough, or does not drain.
    fn expire(&mut self) {
        let now = Instant::now();
        if self.pipeline.is_closed() {
            self.broken = true;
            return;
        }
        // A peer whose request is parked has every reason to be silent.
        let waits_for_us = !self.pipeline.is_empty() && self.outbox.bytes() == 0;
        let due = self.last_active + self.idle_max;
        if waits_for_us {
            self.timer = now + self.idle_max;
        } else if due > now {
            self.timer = due;
        } else {
            self.broken = true;
            self.end.get_or_insert(End::Idle);
        }
    }
}

#[cfg(test)]
mod tests;
