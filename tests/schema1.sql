-- A store as the first released schema (version 1) made it, with three ads. Never change it: it is
-- what files out there look like. tests/test_migrate.py brings it up to date.
PRAGMA auto_vacuum = NONE;
PRAGMA application_id = 1851881062;
CREATE TABLE ads (
    id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE,
    title TEXT,
    job_title TEXT,
    employer TEXT,
    employer_orgnr TEXT,
    employer_homepage TEXT,
    application_url TEXT,
    application_due TEXT,
    link TEXT,
    source TEXT,
    source_url TEXT,
    engagement_type TEXT,
    extent TEXT,
    start_time TEXT,
    positions TEXT,
    sector TEXT,
    published TEXT,
    updated TEXT,
    expires TEXT,
    last_day TEXT,
    stored_at TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    checked_at TEXT NOT NULL,
    employer_description TEXT,
    description TEXT,
    content TEXT NOT NULL
) STRICT;
CREATE TABLE locations (
    ad TEXT NOT NULL REFERENCES ads (uuid) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    country TEXT, address TEXT, city TEXT, postal_code TEXT, county TEXT, municipal TEXT,
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
CREATE VIRTUAL TABLE search USING fts5 (
    title, job_title, employer, text,
    tokenize = 'unicode61 remove_diacritics 0'
);
CREATE TABLE removed (
    uuid TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    removed_at TEXT NOT NULL,
    published TEXT,
    expires TEXT,
    municipals TEXT NOT NULL,
    counties TEXT NOT NULL,
    occupations TEXT NOT NULL,
    sector TEXT,
    extent TEXT,
    engagement_type TEXT
) STRICT;
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    started_at TEXT NOT NULL,
    ended_at TEXT,
    exit_code INTEGER,
    outcome TEXT,
    counts TEXT
) STRICT;
CREATE INDEX ads_by_last_day ON ads (last_day);
CREATE INDEX ads_by_published ON ads (published);
CREATE INDEX ads_by_check ON ads (checked_at);
CREATE TABLE queue (
    ad TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    queued_at TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    retry_at TEXT,
    problem TEXT
) STRICT;
CREATE TABLE outside (
    ad TEXT PRIMARY KEY,
    checked_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE milestones (
    id INTEGER PRIMARY KEY,
    page TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    latest TEXT
) STRICT;
CREATE TABLE forgotten (
    kind TEXT NOT NULL,
    length INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (kind, length, hash)
) STRICT, WITHOUT ROWID;
CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    action TEXT NOT NULL,
    ads INTEGER NOT NULL,
    places INTEGER NOT NULL
) STRICT;
CREATE TABLE seen (
    id INTEGER PRIMARY KEY,
    ordinal INTEGER NOT NULL,
    ad TEXT NOT NULL,
    status TEXT NOT NULL,
    written TEXT NOT NULL
) STRICT;
CREATE INDEX seen_by_ordinal ON seen (ordinal);
CREATE TABLE feed (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    top INTEGER NOT NULL DEFAULT 0,
    newest TEXT,
    topped_at TEXT,
    topped_here TEXT,
    safe_until TEXT,
    closed INTEGER NOT NULL DEFAULT 0,
    etag TEXT,
    caught_up_at TEXT,
    retry_at TEXT,
    trouble TEXT,
    token_expires TEXT,
    inactive TEXT NOT NULL DEFAULT 'delete',
    scope TEXT NOT NULL DEFAULT '{}',
    contacts TEXT NOT NULL DEFAULT 'keep',
    forget_key BLOB,
    erasure_owed INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO feed (id) VALUES (1);
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
INSERT INTO "_sqlite_migrations" VALUES
    (1, 'navfeed', 'm001_first_schema', '2026-10-01 08:00:00+00:00');
INSERT INTO ads (id, uuid, title, employer, employer_orgnr, application_due, published, expires,
    last_day, stored_at, changed_at, checked_at, description, content) VALUES
    (7, '00000001-0000-4000-8000-000000000000', 'Kokk', 'Vertshuset', '300000019',
     '21.08.2026', '2026-07-01T08:00:00Z', '2026-12-31T22:59:59Z', '2026-12-31',
     '2026-07-01T09:00:00+00:00', '2026-07-01T09:00:00+00:00', '2026-07-02T09:00:00+00:00',
     '<p>Kjøkken</p>', '{"title": "Kokk", "description": "<p>Kjøkken</p>"}'),
    (9, '00000002-0000-4000-8000-000000000000', 'Maler', 'Strøket', NULL, 'Snarest',
     '2026-07-02T08:00:00Z', NULL, NULL, '2026-07-01T09:00:00+00:00',
     '2026-07-01T09:00:00+00:00', '2026-07-02T09:00:00+00:00', 'Hus',
     '{"title": "Maler", "description": "Hus"}'),
    (11, '00000003-0000-4000-8000-000000000000', NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     '2026-07-01T09:00:00+00:00', '2026-07-01T09:00:00+00:00', '2026-07-02T09:00:00+00:00',
     NULL, '{}');
INSERT INTO locations VALUES
    ('00000001-0000-4000-8000-000000000000', 0, 'NORGE', NULL, 'BERGEN', '5003', 'VESTLAND', 'BERGEN'),
    ('00000001-0000-4000-8000-000000000000', 1, 'NORGE', NULL, 'OSLO', '0150', 'OSLO', 'OSLO');
INSERT INTO occupations VALUES
    ('00000001-0000-4000-8000-000000000000', 0, 'Reiseliv og mat', 'Kokk');
INSERT INTO categories VALUES
    ('00000001-0000-4000-8000-000000000000', 0, 'STYRK08', '5120', 'Kokker', NULL, 0.9);
INSERT INTO contacts VALUES
    ('00000001-0000-4000-8000-000000000000', 0, 'Kari Nordmann', NULL, '19 00 00 01', NULL, NULL);
INSERT INTO search (rowid, title, job_title, employer, text) VALUES
    (7, 'Kokk', '', 'Vertshuset', 'Kjøkken'), (9, 'Maler', '', 'Strøket', 'Hus'), (11, '', '', '', '');
UPDATE feed SET caught_up_at = '2026-07-02T09:00:00+00:00', newest = '2026-07-02T08:59:00+00:00';
INSERT INTO milestones (page, ordinal) VALUES ('11111111-0000-4000-8000-000000000000', 5);
PRAGMA user_version = 1;
