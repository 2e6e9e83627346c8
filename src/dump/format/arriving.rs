//! Bytes of a pipe as they come: what is there is handed on at once, and together with it what came while nobody asked.

use std::io::{self, ErrorKind, Read};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread;

/// Bytes that are read at once: what a pipe of Linux holds.
const PIECE: usize = 1 << 16;

/// Pieces that may wait; whoever writes to the pipe waits then.
const WAITING: usize = 64;

/// A pipe that a thread of its own reads. The thread ends with the pipe, or with the next bytes after this is dropped.
pub(super) struct Arriving {
    pieces: Receiver<io::Result<Vec<u8>>>,
    /// What came and was not asked for.
    left: Vec<u8>,
    /// What went wrong behind that.
    failed: Option<io::Error>,
    ended: bool,
}

impl Arriving {
    pub(super) fn new(mut input: impl Read + Send + 'static) -> Self {
        let (give, pieces) = sync_channel(WAITING);
        thread::spawn(move || {
            loop {
                let mut piece = vec![0; PIECE];
                let found = match input.read(&mut piece) {
                    Ok(0) => return,
                    Ok(count) => {
                        piece.truncate(count);
                        Ok(piece)
                    }
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Err(error) => Err(error),
                };
                let is_last = found.is_err();
                if give.send(found).is_err() || is_last {
                    return;
                }
            }
        });
        Self { pieces, left: Vec::new(), failed: None, ended: false }
    }

    /// Waits until at least so many bytes are there, and gives what is there of at most so many; fewer only where the pipe ends. What is not there takes no
    /// memory.
    ///
    /// # Errors
    /// The pipe cannot be read, and what came before has been given.
    pub(super) fn take(&mut self, least: usize, most: usize) -> io::Result<Vec<u8>> {
        while self.left.len() < most && !self.ended && self.failed.is_none() {
            let piece = if self.left.len() < least {
                self.pieces.recv().map_err(|_| TryRecvError::Disconnected)
            } else {
                self.pieces.try_recv()
            };
            match piece {
                Ok(Ok(piece)) => self.left.extend(piece),
                Ok(Err(error)) => self.failed = Some(error),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => self.ended = true,
            }
        }
        if self.left.len() < least
            && let Some(error) = self.failed.take()
        {
            return Err(error);
        }
        let rest = self.left.split_off(most.min(self.left.len()));
        Ok(std::mem::replace(&mut self.left, rest))
    }

    /// What was taken and is to be taken again, before all else.
    pub(super) fn put_back(&mut self, mut bytes: Vec<u8>) {
        bytes.append(&mut self.left);
        self.left = bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    /// Gives what is sent to it.
    struct Pipe(Receiver<Vec<u8>>);

    impl Read for Pipe {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Ok(bytes) = self.0.recv() else { return Ok(0) };
            if bytes.is_empty() {
                return Err(io::Error::other("broken"));
            }
            buffer[..bytes.len()].copy_from_slice(&bytes);
            Ok(bytes.len())
        }
    }

    /// A writer that waits for an answer before it writes more.
    #[test]
    fn what_has_come_is_given_before_more_comes() {
        let (write, read) = channel();
        let mut arriving = Arriving::new(Pipe(read));
        write.send(vec![1, 2, 3]).unwrap();
        assert_eq!(arriving.take(2, 2).unwrap(), [1, 2]);
        assert_eq!(arriving.take(1, 9).unwrap(), [3]);
        write.send(vec![4]).unwrap();
        write.send(vec![5, 6]).unwrap();
        let bytes = arriving.take(2, 9).unwrap();
        assert_eq!(bytes, [4, 5, 6]);
        arriving.put_back(vec![6]);
        drop(write);
        assert_eq!(arriving.take(3, 3).unwrap(), [6]);
        assert!(arriving.take(1, 1).unwrap().is_empty());
    }

    #[test]
    fn a_broken_pipe_is_told_behind_what_came() {
        let (write, read) = channel();
        let mut arriving = Arriving::new(Pipe(read));
        write.send(vec![1]).unwrap();
        write.send(Vec::new()).unwrap();
        assert_eq!(arriving.take(1, 1).unwrap(), [1]);
        assert_eq!(arriving.take(1, 1).unwrap_err().to_string(), "broken");
    }
}
