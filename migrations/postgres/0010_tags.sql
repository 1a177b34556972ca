-- What is known of tags. Entries carry the names of theirs, whether they stand here or not.
-- Locks: writes of entries, while the tags of all entries are counted (a second or so for a million).
CREATE TABLE tags (
    id            uuid PRIMARY KEY,
    name          text COLLATE "C" NOT NULL UNIQUE,
    category      smallint NOT NULL CHECK (category BETWEEN 0 AND 4), -- language, domain, category, meta, custom
    description   text,
    is_predefined boolean NOT NULL DEFAULT false,
    created_at_ms bigint NOT NULL
);

-- How many entries carry each tag, as sums of rows: a writer adds a row and waits for nobody; the daemon folds
-- them together now and then.
CREATE TABLE tag_counts (
    tag     text COLLATE "C" NOT NULL,
    entries bigint NOT NULL
);
CREATE INDEX tag_counts_by_tag ON tag_counts (tag);
CREATE FUNCTION tags_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tag_counts (tag, entries)
        SELECT t.tag, count(*) FROM changed CROSS JOIN LATERAL unnest(tags) AS t (tag) GROUP BY t.tag;
    RETURN NULL;
END $$;
CREATE FUNCTION tags_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tag_counts (tag, entries)
        SELECT t.tag, -count(*) FROM changed CROSS JOIN LATERAL unnest(tags) AS t (tag) GROUP BY t.tag;
    RETURN NULL;
END $$;
CREATE FUNCTION tags_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tag_counts (tag, entries)
        SELECT tag, 1 FROM unnest(new.tags) AS t (tag) UNION ALL SELECT tag, -1 FROM unnest(old.tags) AS t (tag);
    RETURN NULL;
END $$;
CREATE TRIGGER tags_added AFTER INSERT ON entries
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tags_added();
CREATE TRIGGER tags_removed AFTER DELETE ON entries
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tags_removed();
CREATE TRIGGER tags_changed AFTER UPDATE OF tags ON entries
    FOR EACH ROW WHEN (old.tags IS DISTINCT FROM new.tags) EXECUTE FUNCTION tags_changed();
INSERT INTO tag_counts (tag, entries)
    SELECT t.tag, count(*) FROM entries CROSS JOIN LATERAL unnest(tags) AS t (tag) GROUP BY t.tag;
