//! A spool: messages in a file without a name, in the order in which they came. The system removes the
//! file when the last handle to it is gone, also when the daemon is killed.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    marker::PhantomData,
    path::Path,
};

use agent_memory_proto::codec::Message;

/// Messages that are being written.
#[derive(Debug)]
pub struct Spool<T> {
    file: BufWriter<File>,
    messages: PhantomData<fn() -> T>,
}

/// Messages that can be read, as often as needed.
#[derive(Debug)]
pub struct Spooled<T> {
    file: File,
    messages: PhantomData<fn() -> T>,
}

impl<T: Message> Spool<T> {
    /// A new spool in that directory.
    ///
    /// # Errors
    /// What the file system says.
    pub fn create(directory: &Path) -> io::Result<Self> {
        let file = tempfile::tempfile_in(directory)?;
        Ok(Self { file: BufWriter::new(file), messages: PhantomData })
    }

    /// Adds a message.
    ///
    /// # Errors
    /// What the file system says.
    pub fn push(&mut self, message: &T) -> io::Result<()> {
        let bytes = message.encode().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let length =
            u32::try_from(bytes.len()).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        self.file.write_all(&length.to_le_bytes())?;
        self.file.write_all(&bytes)
    }

    /// Ends the writing; further messages can be added to the spool that this was made from.
    ///
    /// # Errors
    /// What the file system says.
    pub fn spooled(&mut self) -> io::Result<Spooled<T>> {
        self.file.flush()?;
        Ok(Spooled { file: self.file.get_ref().try_clone()?, messages: PhantomData })
    }
}

impl<T: Message> Spooled<T> {
    /// All messages from the first on. Only one reader at a time goes through a spool.
    ///
    /// # Errors
    /// What the file system says.
    pub fn messages(&self) -> io::Result<Messages<T>> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(0))?;
        Ok(Messages { file: BufReader::new(file), messages: PhantomData })
    }
}

/// The messages of a spool, one after the other.
#[derive(Debug)]
pub struct Messages<T> {
    file: BufReader<File>,
    messages: PhantomData<fn() -> T>,
}

impl<T: Message> Messages<T> {
    /// The next messages, so many at most; the last one is that with which they are so many bytes or
    /// more. Empty at the end.
    ///
    /// # Errors
    /// What the file system says.
    pub fn batch(&mut self, messages_max: usize, bytes_max: usize) -> io::Result<Vec<T>> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < messages_max && bytes < bytes_max {
            let Some((message, length)) = self.read()? else { break };
            batch.push(message);
            bytes += length;
        }
        Ok(batch)
    }

    /// The next message and how many bytes it was.
    fn read(&mut self) -> io::Result<Option<(T, usize)>> {
        let mut length = [0; 4];
        match self.file.read_exact(&mut length) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; length];
        self.file.read_exact(&mut bytes)?;
        let message = T::decode(&bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok(Some((message, length)))
    }
}

impl<T: Message> Iterator for Messages<T> {
    type Item = io::Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().map(|read| read.map(|(message, _)| message)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use agent_memory_proto::model::{Id, Org, PortableScope};

    use super::*;

    fn org(name: &str) -> PortableScope {
        PortableScope::Org(Org { id: Id([1; 16]), name: name.to_owned(), metadata: None, created_at_ms: 7 })
    }

    #[test]
    fn what_goes_in_comes_out_as_often_as_wanted() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut spool = Spool::create(directory.path()).expect("a spool");
        for name in ["a", "b"] {
            spool.push(&org(name)).expect("written");
        }
        let spooled = spool.spooled().expect("flushed");
        for _ in 0..2 {
            let read: Vec<_> =
                spooled.messages().expect("from the start").map(|one| one.expect("read")).collect();
            assert_eq!(read, [org("a"), org("b")]);
        }
        assert_eq!(std::fs::read_dir(directory.path()).expect("readable").count(), 0);
    }
    #[test]
    fn a_batch_is_bounded_in_messages_and_bytes() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut spool = Spool::create(directory.path()).expect("a spool");
        for name in ["a", "b", "c", "d", "e"] {
            spool.push(&org(name)).expect("written");
        }
        let length = org("a").encode().expect("encoded").len();
        let mut messages = spool.spooled().expect("flushed").messages().expect("from the start");
        let mut names = |messages_max, bytes_max| -> Vec<PortableScope> {
            messages.batch(messages_max, bytes_max).expect("read")
        };
        assert_eq!(names(2, usize::MAX), [org("a"), org("b")]);
        assert_eq!(names(9, 1), [org("c")], "one comes, however long it is");
        assert_eq!(names(9, length + 1), [org("d"), org("e")]);
        assert_eq!(names(9, usize::MAX), []);
    }
}
