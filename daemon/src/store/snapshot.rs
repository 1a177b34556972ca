//! How far a store is that daemons share.

/// How far a server is, by the numbers of its transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Every transaction below this has ended: who reads from now on sees what it stored.
    pub xmin: u64,
    /// Every transaction that has ended is below this.
    pub xmax: u64,
    /// Numbers are comparable within one of these only.
    pub incarnation: u64,
}
