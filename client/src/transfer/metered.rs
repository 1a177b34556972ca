//! A bound on what one item of a document may be: whoever reads counts the bytes since the last item.

use std::{
    cell::Cell,
    io::{self, Read},
    rc::Rc,
};

use agent_memory_proto::{ErrorBody, ErrorCode};

/// Bytes that one item may have, whatever the format. An item is an entry with its versions, or a scope.
const ITEM_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// An input that ends with an error when an item is too large.
#[derive(Debug)]
pub(super) struct Metered<R> {
    input: R,
    meter: Meter,
}

/// How much was read since the last item.
#[derive(Clone, Debug, Default)]
pub(super) struct Meter(Rc<Cell<u64>>);

impl<R: Read> Metered<R> {
    pub(super) fn new(input: R) -> (Self, Meter) {
        let meter = Meter::default();
        (Self { input, meter: meter.clone() }, meter)
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if self.meter.is_over() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let count = self.input.read(bytes)?;
        self.meter.0.set(self.meter.0.get() + count as u64);
        Ok(count)
    }
}

impl Meter {
    /// An item has ended.
    pub(super) fn reset(&self) {
        self.0.set(0);
    }

    fn is_over(&self) -> bool {
        self.0.get() > ITEM_BYTES_MAX
    }

    /// That it was too large, if it was.
    pub(super) fn too_large(&self) -> Option<ErrorBody> {
        let mebibytes = ITEM_BYTES_MAX / 1024 / 1024;
        let message = format!("an entry with its versions has more than {mebibytes} MiB");
        self.is_over().then(|| {
            ErrorBody::new(ErrorCode::LimitExceeded, message)
                .with_field("content")
                .with_suggestion("Nothing was imported; is this an export, and in this format?")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endless_item_ends_and_many_items_do_not() {
        let (mut endless, meter) = Metered::new(io::repeat(b'x'));
        let mut bytes = vec![0; 1024 * 1024];
        for _ in 0..200 {
            endless.read_exact(&mut bytes).expect("items of a MiB");
            meter.reset();
        }
        assert_eq!(meter.too_large(), None);
        let error = io::copy(&mut endless, &mut io::sink()).expect_err("endless");
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(meter.too_large().map(|body| body.code), Some(ErrorCode::LimitExceeded));
    }
}
