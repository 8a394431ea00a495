//! Bytes on their way to the peer: many replies, few system calls.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::api::Reply;

/// Parts handed to one system call. The kernel takes up to 1,024 (IOV_MAX).
const PARTS_MAX: usize = 64;

/// What is to be written, in order.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    parts: VecDeque<Bytes>,
    bytes: usize,
}

impl Outbox {
    /// Adds a reply at the end.
    pub(super) fn push(&mut self, reply: Reply) {
        self.bytes += reply.len();
        self.parts.push_back(reply.head);
        self.parts.extend(reply.rest);
    }

    /// Bytes not yet written.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Writes what the peer takes at once. Cancelling it loses nothing.
    pub(super) async fn write(&mut self, to: &mut (impl AsyncWrite + Unpin)) -> io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); PARTS_MAX];
        let mut count = 0;
        for (slice, part) in slices.iter_mut().zip(&self.parts) {
            *slice = IoSlice::new(part);
            count += 1;
        }
        let written = to.write_vectored(&slices[..count]).await?;
        if written == 0 && self.bytes > 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.drop_front(written);
        Ok(written)
    }

    fn drop_front(&mut self, mut written: usize) {
        self.bytes -= written;
        while let Some(part) = self.parts.front_mut() {
            if part.len() > written {
                part.advance(written);
                return;
            }
            written -= part.len();
            self.parts.pop_front();
        }
    }
}
