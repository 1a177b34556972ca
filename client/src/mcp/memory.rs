//! Gives memory back to the system: a bridge runs beside every agent, mostly idle. The one file of
//! the client with unsafe code, and only calls that take nothing away from a sound program.

/// Messages beyond this size, in bytes, are worth giving memory back for.
pub(super) const LARGE_BYTES: usize = 64 * 1024;

/// Forgets the pages of code that only the start needed. What is needed again comes back from the
/// page cache, where it still is.
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "madvise has no safe form")]
pub(super) fn forget_startup_code() {
    let Ok(maps) = std::fs::read_to_string("/proc/self/maps") else { return };
    for (start, end) in maps.lines().filter_map(code_of_file) {
        // SAFETY: the range is one private mapping of a file that nobody ever wrote to (it is not
        // writable), so dropping its pages loses nothing: the next access reads them again.
        unsafe { libc::madvise(start as *mut libc::c_void, end - start, libc::MADV_DONTNEED) };
    }
}

/// Only Linux tells what is mapped in a way that is worth reading.
#[cfg(not(target_os = "linux"))]
pub(super) fn forget_startup_code() {}

/// The range of a line of `maps`, when it is code out of a file.
#[cfg(target_os = "linux")]
fn code_of_file(line: &str) -> Option<(usize, usize)> {
    let mut fields = line.split_ascii_whitespace();
    let (start, end) = fields.next()?.split_once('-')?;
    let is_code = fields.next()? == "r-xp";
    let is_file = fields.nth(3)?.starts_with('/');
    let number = |text| usize::from_str_radix(text, 16).ok();
    (is_code && is_file).then_some((number(start)?, number(end)?))
}

/// Hands free heap back. The allocator of glibc keeps what a large message needed once.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "malloc_trim has no safe form")]
pub(super) fn trim_heap() {
    // SAFETY: it touches free memory only, under the allocator's own locks.
    unsafe { libc::malloc_trim(0) };
}

/// Other allocators do so by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(super) fn trim_heap() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_code_out_of_files_is_taken() {
        let line = "5644405ec000-564440ae2000 r-xp 00189000 fe:00 10512261   /usr/bin/agent-memory";
        assert_eq!(code_of_file(line), Some((0x5644_405e_c000, 0x5644_40ae_2000)));
        for other in [
            "564440b06000-564440b07000 rw-p 006a1000 fe:00 10512261   /usr/bin/agent-memory",
            "564440ae2000-564440b06000 r--p 0067e000 fe:00 10512261   /usr/bin/agent-memory",
            "7f21dcecf000-7f21dced1000 r-xp 00000000 00:00 0          [vdso]",
            "7f21dcecf000-7f21dced1000 r-xp 00000000 00:00 0",
        ] {
            assert_eq!(code_of_file(other), None, "{other}");
        }
    }

    #[test]
    fn the_program_goes_on_after_its_code_was_forgotten() {
        forget_startup_code();
        trim_heap();
        assert_eq!(code_of_file(""), None);
    }
}
