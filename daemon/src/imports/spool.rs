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
    fn read(&mut self) -> io::Result<Option<T>> {
        let mut length = [0; 4];
        match self.file.read_exact(&mut length) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; length];
        self.file.read_exact(&mut bytes)?;
        T::decode(&bytes).map(Some).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}

impl<T: Message> Iterator for Messages<T> {
    type Item = io::Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
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
}
