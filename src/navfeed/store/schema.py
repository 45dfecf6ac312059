"""The schema: explicit, versioned, and part of the public interface (docs/reference/schema.md).

Tables in the first part are for everyone; those in the second are navfeed's own bookkeeping. The
views, for everyone too, are dropped and made again at every migration, and so never migrated.
"""

from __future__ import annotations

APPLICATION_ID = 0x6E617666  # "navf": identifies navfeed's files among SQLite files
VERSION = 8

PUBLIC = """
-- One row for each ad that is active: its content now. An ad that becomes inactive leaves.
CREATE TABLE ads (
    id INTEGER PRIMARY KEY,         -- the store's own: rows of `search` are found by it
    uuid TEXT NOT NULL UNIQUE,      -- NAV's id of the ad
    title TEXT,
    job_title TEXT,
    employer TEXT,
    employer_orgnr TEXT,            -- mostly the establishment's number
    employer_homepage TEXT,
    application_url TEXT,           -- the source's own page: the way to apply
    application_due TEXT,           -- free text: one in six is no date
    due_date TEXT,                  -- the day in it, 2026-11-30; null where it names no one day
    link TEXT,                      -- the ad at arbeidsplassen.nav.no
    source TEXT,
    source_url TEXT,
    engagement_type TEXT,
    extent TEXT,
    start_time TEXT,
    positions TEXT,                 -- a text at NAV's too
    sector TEXT,
    published TEXT,                 -- UTC, 2026-11-21T08:00:00Z; null where it was no date
    updated TEXT,                   -- likewise
    expires TEXT,                   -- likewise
    last_day TEXT,                  -- the last day in Oslo on which the ad may be shown
    stored_at TEXT NOT NULL,        -- when this ad first came into the store; written likewise
    changed_at TEXT NOT NULL,       -- when its content last changed here
    checked_at TEXT NOT NULL,       -- when NAV last confirmed it
    -- The long ones last: a query that does not name them need not read past them.
    employer_description TEXT,
    description TEXT,               -- HTML as served
    content TEXT NOT NULL           -- ad_content, to the letter as served
) STRICT;

CREATE TABLE locations (
    ad TEXT NOT NULL REFERENCES ads (uuid) ON DELETE CASCADE,
    position INTEGER NOT NULL,      -- 0 is the first, which is all that the feed's entries tell
    country TEXT, address TEXT, city TEXT, postal_code TEXT, county TEXT, municipal TEXT,
    municipality_number TEXT,       -- Statistics Norway's, found out from the rest; null: unclear
    PRIMARY KEY (ad, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE occupations (
    ad TEXT NOT NULL REFERENCES ads (uuid) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    level1 TEXT, level2 TEXT,
    PRIMARY KEY (ad, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE categories (
    ad TEXT NOT NULL REFERENCES ads (uuid) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    type TEXT, code TEXT, name TEXT, description TEXT, score REAL,
    PRIMARY KEY (ad, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE contacts (
    ad TEXT NOT NULL REFERENCES ads (uuid) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name TEXT, email TEXT, phone TEXT, role TEXT, title TEXT,
    PRIMARY KEY (ad, position)
) STRICT, WITHOUT ROWID;

-- With --inactive mask: what is left of an ad that is no longer shown. No text, no names.
CREATE TABLE removed (
    uuid TEXT PRIMARY KEY,
    reason TEXT NOT NULL,           -- why it left: one of those in docs/reference/reasons.md
    removed_at TEXT NOT NULL,       -- UTC, 2026-11-21T08:00:00Z
    published TEXT,
    expires TEXT,
    municipalities TEXT NOT NULL,   -- JSON array
    counties TEXT NOT NULL,         -- JSON array
    occupations TEXT NOT NULL,      -- JSON array of codes, as "STYRK08 2223"
    sector TEXT,
    extent TEXT,
    engagement_type TEXT,
    first_seen TEXT,                -- when it first came into the store; null: before schema 7
    last_day TEXT,                  -- the last day in Oslo on which it might have been shown
    municipality_numbers TEXT       -- JSON array
) STRICT;

-- One row for each sync: what it did and how it ended. `ended_at` is null when it was killed.
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    started_at TEXT NOT NULL,       -- UTC, 2026-11-21T08:00:00Z
    ended_at TEXT,
    exit_code INTEGER,
    outcome TEXT,                   -- a sentence
    counts TEXT                     -- JSON object
) STRICT;

CREATE INDEX ads_by_last_day ON ads (last_day);
CREATE INDEX ads_by_published ON ads (published);
CREATE INDEX ads_by_check ON ads (checked_at);
CREATE INDEX ads_by_updated ON ads (updated);
CREATE INDEX ads_by_due ON ads (due_date);
CREATE INDEX ads_by_orgnr ON ads (employer_orgnr);
CREATE INDEX locations_by_municipal ON locations (municipal);
CREATE INDEX locations_by_county ON locations (county);
CREATE INDEX locations_by_number ON locations (municipality_number);
"""

OWN = """
-- Parts of the search index that hold words of rows that are gone until they are rebuilt.
CREATE TABLE stale_shards (
    shard INTEGER PRIMARY KEY       -- 0 to 63
) STRICT;

-- The long words of titles and job titles, in small letters: compounds are found by how they end.
CREATE TABLE title_words (
    backwards TEXT PRIMARY KEY,     -- the word from its last letter to its first
    ads INTEGER NOT NULL            -- how many ads have it in one of their titles
) STRICT, WITHOUT ROWID;

-- Ads whose details are still to be fetched, and when that may be tried.
CREATE TABLE queue (
    ad TEXT PRIMARY KEY,
    reason TEXT NOT NULL,           -- why they are wanted: docs/reference/reasons.md
    queued_at TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    retry_at TEXT,
    problem TEXT
) STRICT;

-- Active ads outside the scope: uuids and times alone, so that a wider scope can fetch them.
CREATE TABLE outside (
    ad TEXT PRIMARY KEY,
    checked_at TEXT NOT NULL,
    stored_at TEXT,                 -- as they were in `ads`, for when it comes back
    changed_at TEXT,                -- likewise
    updated TEXT                    -- likewise: the same, then it has not changed meanwhile
) STRICT, WITHOUT ROWID;

-- Pages that can be requested again, in the order they were passed. The last is read next.
CREATE TABLE milestones (
    id INTEGER PRIMARY KEY,
    page TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    latest TEXT
) STRICT;

-- Texts that were erased on request, by keyed hash (HMAC-SHA256) alone.
CREATE TABLE forgotten (
    kind TEXT NOT NULL,             -- words, digits of a number, letters of a handle
    length INTEGER NOT NULL,        -- how many of them
    hash BLOB NOT NULL,
    PRIMARY KEY (kind, length, hash)
) STRICT, WITHOUT ROWID;

-- Uses of `navfeed privacy`: when and how much was found, and never what was looked for.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    action TEXT NOT NULL,           -- find, erase
    ads INTEGER NOT NULL,           -- in how many ads it was
    places INTEGER NOT NULL         -- and in how many places in them
) STRICT;

-- The entries in the stretch that is read again, so that they are recognised.
CREATE TABLE seen (
    id INTEGER PRIMARY KEY,
    ordinal INTEGER NOT NULL,
    ad TEXT NOT NULL,
    status TEXT NOT NULL,
    written TEXT NOT NULL
) STRICT;

CREATE INDEX seen_by_ordinal ON seen (ordinal);

-- While a first sync reads the log at several places: the stretches. 0 is the newest.
CREATE TABLE windows (
    number INTEGER PRIMARY KEY,
    since TEXT,                     -- the date whose seek led there; null: the log's first page
    opening TEXT NOT NULL,          -- JSON: its first entries, where the next older stretch ends
    page TEXT,                      -- the page to read next; null once it is read to its end
    queued INTEGER NOT NULL DEFAULT 0 -- 1: its active ads were queued
) STRICT;

-- Likewise: which ads their entries named, in the order of reading. Emptied when all is read.
CREATE TABLE window_entries (
    id INTEGER PRIMARY KEY,
    window INTEGER NOT NULL,
    ad BLOB NOT NULL,               -- the 16 bytes of its uuid
    active INTEGER NOT NULL
) STRICT;

-- What happened last to each ad, under a number that only grows: what `navfeed changes` reports. It
-- holds no word of an ad's content, and keeps the rows of ads that are gone for some time.
CREATE TABLE changes (
    number INTEGER PRIMARY KEY,
    ad TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,             -- added, updated, removed, expired
    reason TEXT,                    -- why it is gone; or `privacy`: something was taken out
    added INTEGER NOT NULL,         -- under which number it came in, the last time
    fields TEXT NOT NULL,           -- JSON object: when each field last changed since, by number
    last_day TEXT,                  -- the last day in Oslo on which the ad may be shown
    at TEXT NOT NULL,
    fresh INTEGER NOT NULL          -- 1: nothing is known to have happened to the ad before
) STRICT;

-- One row: what the journal's numbers mean.
CREATE TABLE journal (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    store TEXT NOT NULL,            -- whose numbers they are; a copy of the store has another
    top INTEGER NOT NULL DEFAULT 0, -- the last number that was given
    pruned INTEGER NOT NULL DEFAULT 0 -- up to which number rows of ads that are gone were dropped
) STRICT;

INSERT INTO journal (id, store) VALUES (1, lower(hex(randomblob(8))));

-- One row: where the reading stands, and the store's own settings.
CREATE TABLE feed (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    top INTEGER NOT NULL DEFAULT 0,
    newest TEXT,
    topped_at TEXT,
    topped_here TEXT,
    safe_until TEXT,
    closed INTEGER NOT NULL DEFAULT 0,
    etag TEXT,
    caught_up_at TEXT,              -- the end of the feed as the last complete sync saw it
    retry_at TEXT,                  -- the server wants no request before
    trouble TEXT,                   -- the log broke: what happened, and when
    token_expires TEXT,
    inactive TEXT NOT NULL DEFAULT 'delete',
    scope TEXT NOT NULL DEFAULT '{}',
    contacts TEXT NOT NULL DEFAULT 'keep',
    forget_key BLOB,                -- hashes what is in `forgotten`; made for this store alone
    erasure_owed INTEGER NOT NULL DEFAULT 0,
    reaches_back TEXT,              -- from when on the log was read; 2000: all of it
    feed_url TEXT,                  -- the feed that is followed
    recheck_since TEXT,             -- the log began again then; some ads are not confirmed yet
    scrubbed TEXT,                  -- which pages are still to be, or who writes; null: unknown
    details_complete_at TEXT,       -- as `caught_up_at`, of the last sync that left no new ad out
    masks_since TEXT                -- every ad that left since has a mask; null: not yet
) STRICT;

INSERT INTO feed (id) VALUES (1);
"""

VIEWS = """
-- One row: which day it is in Oslo. Norway keeps the EU's summer time, from 01:00 UTC on the last
-- Sunday of March to 01:00 UTC on the last Sunday of October (directive 2000/84/EC, articles 2, 3).
CREATE VIEW oslo (
    today                           -- as 2026-11-21
) AS SELECT date('now', CASE
    WHEN datetime('now') >= date(strftime('%Y', 'now') || '-03-25', 'weekday 0') || ' 01:00:00'
        AND datetime('now') < date(strftime('%Y', 'now') || '-10-25', 'weekday 0') || ' 01:00:00'
    THEN '+2 hours' ELSE '+1 hours' END);

-- The rows of `ads` that may be shown today, without `content`: that stands in `ads`. What an ad's
-- places, occupations and categories say is joined in one column each, separated by "; ".
CREATE VIEW active_ads (
    id,                             -- rows of `search` are found by it
    uuid,                           -- NAV's id of the ad
    title,
    job_title,
    employer,
    employer_orgnr,
    employer_homepage,
    municipalities,                 -- each name once, in the order of the places
    counties,                       -- likewise
    cities,                         -- likewise
    postal_codes,                   -- likewise
    countries,                      -- likewise
    municipality_numbers,           -- likewise
    occupations,                    -- each of the second level once: `occupations.level2`
    styrk08,                        -- each STYRK-08 code once
    application_url,                -- the source's own page: the way to apply
    application_due,                -- free text: one in six is no date
    due_date,                       -- the day in it, 2026-11-30; null where it names no one day
    link,                           -- the ad at arbeidsplassen.nav.no
    source,
    source_url,
    engagement_type,
    extent,
    start_time,
    positions,                      -- a text at NAV's too
    sector,
    published,                      -- UTC, 2026-11-21T08:00:00Z; null where it was no date
    updated,                        -- likewise
    expires,                        -- likewise
    last_day,                       -- the last day in Oslo on which the ad may be shown
    stored_at,                      -- when this ad first came into the store
    changed_at,                     -- when its content last changed here
    checked_at,                     -- when NAV last confirmed it
    employer_description,
    description                     -- HTML as served
) AS SELECT
    id, uuid, title, job_title, employer, employer_orgnr, employer_homepage,
    (SELECT group_concat(it, '; ') FROM (SELECT municipal AS it FROM locations
        WHERE ad = uuid AND it <> '' GROUP BY it ORDER BY min(position))),
    (SELECT group_concat(it, '; ') FROM (SELECT county AS it FROM locations
        WHERE ad = uuid AND it <> '' GROUP BY it ORDER BY min(position))),
    (SELECT group_concat(it, '; ') FROM (SELECT city AS it FROM locations
        WHERE ad = uuid AND it <> '' GROUP BY it ORDER BY min(position))),
    (SELECT group_concat(it, '; ') FROM (SELECT postal_code AS it FROM locations
        WHERE ad = uuid AND it <> '' GROUP BY it ORDER BY min(position))),
    (SELECT group_concat(it, '; ') FROM (SELECT country AS it FROM locations
        WHERE ad = uuid AND it <> '' GROUP BY it ORDER BY min(position))),
    (SELECT group_concat(it, '; ') FROM (SELECT municipality_number AS it FROM locations
        WHERE ad = uuid AND it <> '' GROUP BY it ORDER BY min(position))),
    (SELECT group_concat(it, '; ') FROM (SELECT level2 AS it FROM occupations
        WHERE ad = uuid AND it <> '' GROUP BY it ORDER BY min(position))),
    (SELECT group_concat(it, '; ') FROM (SELECT code AS it FROM categories
        WHERE ad = uuid AND type = 'STYRK08' AND it <> '' GROUP BY it ORDER BY min(position))),
    application_url, application_due, due_date, link, source, source_url, engagement_type, extent,
    start_time, positions, sector, published, updated, expires, last_day, stored_at, changed_at,
    checked_at, employer_description, description
FROM ads WHERE coalesce(last_day, '9999-12-31') >= (SELECT today FROM oslo);

-- The rows of `locations` whose ad may be shown today.
CREATE VIEW active_locations (
    ad,                             -- `active_ads.uuid`
    position,                       -- 0 is the first
    country, address, city, postal_code, county, municipal, municipality_number
) AS SELECT
    ad, position, country, address, city, postal_code, county, municipal, municipality_number
FROM locations WHERE ad IN (SELECT uuid FROM active_ads);

-- The rows of `occupations` whose ad may be shown today.
CREATE VIEW active_occupations (
    ad,                             -- `active_ads.uuid`
    position, level1, level2
) AS SELECT ad, position, level1, level2
FROM occupations WHERE ad IN (SELECT uuid FROM active_ads);

-- The rows of `categories` whose ad may be shown today.
CREATE VIEW active_categories (
    ad,                             -- `active_ads.uuid`
    position, type, code, name, description, score
) AS SELECT ad, position, type, code, name, description, score
FROM categories WHERE ad IN (SELECT uuid FROM active_ads);

-- The rows of `contacts` whose ad may be shown today. None may be kept or shown longer.
CREATE VIEW active_contacts (
    ad,                             -- `active_ads.uuid`
    position, name, email, phone, role, title
) AS SELECT ad, position, name, email, phone, role, title
FROM contacts WHERE ad IN (SELECT uuid FROM active_ads);
"""

RECORDS = """
CREATE TABLE _sqlite_migrations (
   id INTEGER PRIMARY KEY,
   migration_set TEXT,
   name TEXT,
   applied_at TEXT
);
CREATE UNIQUE INDEX idx__sqlite_migrations_migration_set_name
    ON _sqlite_migrations (migration_set, name);
"""
"""Where sqlite-utils records which migrations were applied, as it makes it."""

MIGRATIONS = (
    *("m001_first_schema", "m002_due_date", "m003_views", "m004_feed_and_reach", "m005_journal"),
    *("m006_ends_of_words", "m007_times_and_names", "m007_municipality_numbers"),
    *("m007_index_in_shards", "m007_windows", "m008_title_words", "m008_complete_days"),
)
"""Those that led to this schema. A new store needs none of them: they are recorded as applied.

The first one made a store of schema 1, and is kept nowhere else.
"""
