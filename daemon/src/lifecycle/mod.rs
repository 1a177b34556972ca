//! The daemon's life: the lock on its data directory, signals, shutdown as a value, the service
//! manager, and the exit when nobody needs it.

mod data_lock;
mod idle;
mod service_manager;
mod shutdown;
mod signals;

pub use data_lock::{DataLock, LockError};
pub use idle::watch_idle;
pub use service_manager::ServiceManager;
pub use shutdown::{Phase, Shutdown};
pub use signals::{Signal, watch_signals};
