-- Who waits for which file: of the line at each daemon the first, with a ticket that says when it came, in
-- microseconds by the clock of the server. It is believed until `until_ms`, so that nobody waits for a
-- daemon that is gone. Only the order of those who wait hangs on it: it need not survive a crash.
-- Locks: nothing that exists; it only creates.
CREATE TABLE file_lock_waiters (
    path_key uuid NOT NULL, -- as in file_locks
    ticket   bigint NOT NULL,
    until_ms bigint NOT NULL,
    PRIMARY KEY (path_key, ticket)
);
ALTER TABLE file_lock_waiters SET UNLOGGED;
