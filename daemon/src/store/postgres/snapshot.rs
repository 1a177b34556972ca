//! How far the server is: which transactions everybody sees who reads from now on.

use super::{PostgresHandle, columns::get};
use crate::store::{Snapshot, StoreError};

/// Numbers of transactions that were not on the disk yet are given anew after a crash, or by another server
/// that takes over. So they come with what is another then: when the server began, and since when it counts,
/// which it begins anew when it recovers from a crash without being started again.
const SQL: &str = "SELECT txid_snapshot_xmin(s), txid_snapshot_xmax(s), hashtextextended(concat_ws(' ', \
    extract(epoch FROM pg_postmaster_start_time()), extract(epoch FROM pg_stat_get_bgwriter_stat_reset_time()), \
    (SELECT oid FROM pg_database WHERE datname = current_database())), 0) FROM txid_current_snapshot() AS s";

impl PostgresHandle {
    /// How far the server is.
    ///
    /// # Errors
    /// What the server says.
    pub async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let row = self.store.lease().await?.row(SQL, &[]).await?;
        let row = row.ok_or_else(|| StoreError::Other("the server does not say how far it is".to_owned()))?;
        let number = |column| get::<i64>(&row, column).map(i64::cast_unsigned);
        Ok(Snapshot { xmin: number(0)?, xmax: number(1)?, incarnation: number(2)? })
    }
}
