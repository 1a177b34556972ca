//! Checksums of tables: SHA-256 over a form of the rows that is the same whatever backend they came
//! from.

use std::fmt;

use sha2::{Digest, Sha256};

use super::tables::{Cell, Row, Table};

/// Rows of a table, and their checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableSum {
    /// How many.
    pub rows: u64,
    /// Over all of them, in the order of their keys.
    pub checksum: [u8; 32],
}

/// Both sides of a table.
#[derive(Clone, Copy, Debug)]
pub struct TableReport {
    /// Which table.
    pub name: &'static str,
    /// Rows that a new store has.
    pub rows_of_new_store: u64,
    /// The side that is copied.
    pub from: TableSum,
    /// The side that the copy goes to; `None` when it is not there yet.
    pub to: Option<TableSum>,
}

impl TableReport {
    pub(super) fn new(table: &Table, from: TableDigest, to: Option<TableDigest>) -> Self {
        Self {
            name: table.name,
            rows_of_new_store: table.rows_of_new_store,
            from: from.sum(),
            to: to.map(TableDigest::sum),
        }
    }

    /// Whether both sides have the same rows.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.to == Some(self.from)
    }
}

impl TableSum {
    /// The checksum in hexadecimal digits.
    #[must_use]
    pub fn hex(&self) -> String {
        self.checksum.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Display for TableReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<18} {:>10} {:<18}", self.name, self.from.rows, &self.from.hex()[..16])?;
        match &self.to {
            Some(to) => {
                let verdict = if self.is_same() { "same" } else { "DIFFERENT" };
                write!(f, " {:>10} {:<18} {verdict}", to.rows, &to.hex()[..16])
            }
            None => write!(f, " {:>10}", "-"),
        }
    }
}

/// A checksum in the making.
#[derive(Clone, Debug, Default)]
pub(super) struct TableDigest {
    rows: u64,
    hash: Sha256,
}

impl TableDigest {
    pub(super) fn add(&mut self, table: &Table, rows: &[Row]) {
        self.rows += rows.len() as u64;
        for row in rows {
            debug_assert_eq!(row.len(), table.columns.len(), "{}", table.name);
            row.iter().for_each(|cell| self.add_cell(cell));
        }
    }

    /// A mark for the type, then the value, whose length stands before it where it varies.
    fn add_cell(&mut self, cell: &Cell) {
        match cell {
            Cell::Null => self.hash.update([0]),
            Cell::Int(number) => self.fixed(1, &number.to_be_bytes()),
            Cell::Real(number) => self.fixed(2, &number.to_bits().to_be_bytes()),
            Cell::Text(text) => self.varying(3, text.as_bytes()),
            Cell::Bytes(bytes) => self.varying(4, bytes),
            Cell::Tags(tags) => {
                self.fixed(5, &(tags.len() as u64).to_be_bytes());
                tags.iter().for_each(|tag| self.varying(3, tag.as_bytes()));
            }
        }
    }

    fn fixed(&mut self, mark: u8, bytes: &[u8]) {
        self.hash.update([mark]);
        self.hash.update(bytes);
    }

    fn varying(&mut self, mark: u8, bytes: &[u8]) {
        self.fixed(mark, &(bytes.len() as u64).to_be_bytes());
        self.hash.update(bytes);
    }

    fn sum(self) -> TableSum {
        TableSum { rows: self.rows, checksum: self.hash.finalize().into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::copy::tables::TABLES;

    fn sum(rows: &[Row]) -> TableSum {
        let table = Table { columns: &TABLES[0].columns[..1], ..*TABLES[0] };
        let mut digest = TableDigest::default();
        rows.iter().for_each(|row| digest.add(&table, std::slice::from_ref(row)));
        digest.sum()
    }

    #[test]
    fn every_value_and_the_order_count() {
        let text = |text: &str| vec![Cell::Text(text.to_owned())];
        assert_eq!(sum(&[text("a"), text("b")]), sum(&[text("a"), text("b")]));
        assert_ne!(sum(&[text("a"), text("b")]), sum(&[text("b"), text("a")]));
        assert_ne!(sum(&[text("ab"), text("")]), sum(&[text("a"), text("b")]));
        assert_ne!(sum(&[text("")]), sum(&[vec![Cell::Null]]));
        assert_ne!(sum(&[vec![Cell::Int(0)]]), sum(&[vec![Cell::Real(0.0)]]));
        let tags = |tags: &[&str]| vec![Cell::Tags(tags.iter().map(|tag| (*tag).to_owned()).collect())];
        assert_ne!(sum(&[tags(&["a", "b"])]), sum(&[tags(&["ab"])]));
    }
}
