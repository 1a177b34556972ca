//! Bounds of every field and list that crosses the wire. The daemon enforces them; clients may
//! check early. The field limits are those of the original system, so that its data fits.

/// Largest name of an entry, organisation, project or session, in characters.
pub const NAME_CHARS_MAX: usize = 500;
/// Largest title of a knowledge entry, in characters.
pub const TITLE_CHARS_MAX: usize = 1_000;
/// Largest content of a guideline or knowledge entry, and description of a tool, in characters.
pub const CONTENT_CHARS_MAX: usize = 100_000;
/// Largest rationale, source, constraints or change reason, in characters.
pub const RATIONALE_CHARS_MAX: usize = 5_000;
/// Largest description of a project or purpose of a session, in characters.
pub const DESCRIPTION_CHARS_MAX: usize = 10_000;
/// Largest metadata, parameters or examples object, in bytes of JSON.
pub const METADATA_BYTES_MAX: usize = 50_000;
/// Deepest nesting of such an object.
pub const JSON_DEPTH_MAX: usize = 64;
/// Most tags on one entry.
pub const TAGS_MAX: usize = 50;
/// Largest tag, category or agent id, in characters.
pub const TAG_CHARS_MAX: usize = 100;
/// Largest root path of a project, in bytes.
pub const PATH_BYTES_MAX: usize = 4_096;
/// Largest path of a file that is checked out, in bytes.
pub const LOCK_PATH_BYTES_MAX: usize = 4_096;
/// Largest reason of a lock, in characters.
pub const LOCK_REASON_CHARS_MAX: usize = 500;
/// Shortest lock, in milliseconds.
pub const LOCK_TTL_MS_MIN: u64 = 1_000;
/// Longest lock, in milliseconds: a day.
pub const LOCK_TTL_MS_MAX: u64 = 86_400_000;
/// How long a lock lasts whose owner does not say, in milliseconds: an hour.
pub const LOCK_TTL_MS_DEFAULT: u64 = 3_600_000;
/// Longest wait for a lock, in milliseconds.
pub const LOCK_WAIT_MS_MAX: u64 = 600_000;
/// Largest summary of a session, in characters.
pub const SESSION_SUMMARY_CHARS_MAX: usize = 4_000;
/// Most entries that are moved from a session to its project at once.
pub const PROMOTE_ENTRIES_MAX: usize = 1_000;
/// Most entries that a new one supersedes.
pub const SUPERSEDES_MAX: usize = 20;
/// Smallest similarity from which on entries can be said to be the same; what shares less is not looked for.
pub const SIMILARITY_MIN: f64 = 0.3;
/// From which similarity on entries say the same when the caller names none.
pub const SIMILARITY_DEFAULT: f64 = 0.7;
/// Most entries of a group of those that say the same.
pub const GROUP_ENTRIES_MAX: usize = 16;
/// Most groups, or entries, that one call consolidates or forgets.
pub const TIDIED_MAX: u32 = 100;
/// After how many days without a change an entry is stale when the caller names no number.
pub const STALE_DAYS_DEFAULT: u32 = 90;
/// Most days after which an entry is stale: a hundred years.
pub const STALE_DAYS_MAX: u32 = 36_500;
/// What is below is unimportant when the caller names no threshold.
pub const IMPORTANCE_DEFAULT: f64 = 0.3;
/// Guidelines of this priority or a higher one are never archived or forgotten by a rule.
pub const PROTECTED_PRIORITY: u8 = 90;
/// Most tasks that one task waits for.
pub const TASK_BLOCKERS_MAX: usize = 50;
/// Deepest nesting of tasks: a task, its parts, their parts and so on.
pub const TASK_DEPTH_MAX: u32 = 10;
/// Most tasks that are looked at to see that tasks do not wait for each other.
pub const TASK_CHAIN_MAX: usize = 1_000;
/// Largest effort of a task, in minutes: some 19 years.
pub const TASK_MINUTES_MAX: u32 = 10_000_000;
/// Last line of a file that a task can be about.
pub const TASK_LINE_MAX: u32 = 1_000_000_000;
/// Longest that a caller waits for a backup, its check or its restoring, in milliseconds: an hour.
pub const BACKUP_MS_MAX: u64 = 3_600_000;
/// Largest name that a caller gives a backup, in bytes.
pub const BACKUP_NAME_BYTES_MAX: usize = 64;
/// Most backups in one list.
pub const BACKUPS_LISTED_MAX: usize = 1_000;
/// Most backups that a clean-up may be told to keep.
pub const BACKUPS_KEPT_MAX: u32 = 10_000;
/// Most entries in one bulk request.
pub const BULK_ITEMS_MAX: usize = 100;
/// Most rows in one answer of a list or search.
pub const PAGE_ROWS_MAX: u32 = 100;
/// Rows of a list or search when the caller names no limit.
pub const PAGE_ROWS_DEFAULT: u32 = 20;
/// Largest offset of a list or search; beyond it, use the cursor.
pub const OFFSET_MAX: u32 = 10_000;
/// Largest search text, in bytes; what follows is ignored and the answer says so.
pub const QUERY_BYTES_MAX: usize = 16_384;
/// Most distinct terms of a search that are looked up.
pub const QUERY_TERMS_MAX: usize = 32;
/// Largest text of `remember`, in characters.
pub const REMEMBER_CHARS_MAX: usize = CONTENT_CHARS_MAX;
/// Over how many relations a search may go.
pub const RELATION_DEPTH_MAX: u8 = 5;
/// Over how many relations a search goes that names no depth.
pub const RELATION_DEPTH_DEFAULT: u8 = 1;
/// Most entries and projects that a search for what is related looks among.
pub const RELATED_MAX: u32 = 1_000;
/// How many it looks among when the caller names no limit.
pub const RELATED_DEFAULT: u32 = 100;
/// Most entries that are added to hits because they are related to them.
pub const FOLLOWED_MAX: u32 = 100;
/// How many are added when the caller names no limit.
pub const FOLLOWED_DEFAULT: u32 = 20;
/// Largest priority of a guideline; the smallest is 0.
pub const PRIORITY_MAX: u8 = 100;
/// Priority of a guideline whose author names none.
pub const PRIORITY_DEFAULT: u8 = 50;
/// Largest budget of a context, in tokens.
pub const CONTEXT_TOKENS_MAX: u32 = 100_000;
/// Largest frame, in bytes, unless the daemon is configured otherwise.
pub const FRAME_BYTES_DEFAULT: u32 = 16 * 1024 * 1024;
/// Longest path of a Unix socket, in bytes, with its terminating NUL (`sockaddr_un.sun_path`).
pub const SOCKET_PATH_BYTES_MAX: usize = 108;
