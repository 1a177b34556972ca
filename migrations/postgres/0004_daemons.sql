-- The daemons that serve this database, one row for each run. A daemon says every few seconds that it is
-- there, by the clock of the server, and takes its row away when it stops; whoever comes by removes the
-- rows of those that fell silent long ago. Nothing is indexed that changes, and the pages have room, so
-- that saying so costs one small update.
-- Locks: nothing that exists; it only creates.
CREATE TABLE daemons (
    id            uuid PRIMARY KEY,
    host          text COLLATE "C" NOT NULL,
    data_dir      text COLLATE "C" NOT NULL,
    process_id    bigint NOT NULL,
    build         text COLLATE "C" NOT NULL,
    protocol_min  integer NOT NULL,
    protocol_max  integer NOT NULL,
    started_at_ms bigint NOT NULL,
    seen_at_ms    bigint NOT NULL,
    load          text NOT NULL -- a JSON object
) WITH (fillfactor = 50);
