//! The process's memory: how much is resident, and giving back what the allocator keeps.

/// Growth of resident memory that is worth giving back once nobody waits.
const WORTH_BYTES: u64 = 4 * 1024 * 1024;

/// Resident memory in bytes, where the system tells it (Linux).
#[must_use]
pub fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

/// Gives memory back to the system after a peak. The allocator of glibc keeps what a thread once
/// used: one large transaction would otherwise cost its peak for as long as the daemon lives.
#[derive(Debug, Default)]
pub struct Trimmer {
    after_last_bytes: u64,
}

impl Trimmer {
    /// Called while nobody waits for the daemon. Cheap when there is nothing to gain.
    pub fn trim(&mut self) {
        let Some(resident) = resident_bytes() else { return };
        if resident < self.after_last_bytes + WORTH_BYTES {
            return;
        }
        give_back();
        self.after_last_bytes = resident_bytes().unwrap_or(resident);
        tracing::debug!(before = resident, after = self.after_last_bytes, "gave memory back");
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "malloc_trim takes no pointers and may be called at any time from any thread")]
fn give_back() {
    // SAFETY: see the reason above.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn give_back() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_told() {
        assert!(resident_bytes().expect("Linux tells it") > 1_000_000);
        Trimmer::default().trim();
    }
}
