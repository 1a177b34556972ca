//! Who wants to know what other daemons change in a store that several share.

use super::Change;

/// Hears of other daemons' changes, and when it does not.
pub trait Follower: Send + Sync {
    /// Another daemon made a durable change.
    fn changed(&self, change: &Change);
    /// A file may be free, or any file may be. It is a hint for those who wait, and may be missed.
    fn freed(&self, path: Option<&str>) {
        let _ = path;
    }
    /// From now on changes are not heard.
    fn lost(&self, reason: &str);
    /// Changes are heard from now on. Every one before may have been missed.
    fn restored(&self);
    /// Something was told that cannot be understood: any change may have been missed.
    fn missed(&self, reason: &str);
}
