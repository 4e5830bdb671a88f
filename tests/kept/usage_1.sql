PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE changes (
    path TEXT NOT NULL,
    upload_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    PRIMARY KEY (path, upload_id, number)
) WITHOUT ROWID;
CREATE TABLE counted (
    prefix TEXT PRIMARY KEY,
    objects_bytes INTEGER NOT NULL,
    parts_bytes INTEGER NOT NULL,
    reserved_bytes INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO "counted" VALUES('',60,5,27);
INSERT INTO "counted" VALUES('videos/',40,5,27);
CREATE TABLE parts (
    upload_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    path TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    PRIMARY KEY (upload_id, number)
) WITHOUT ROWID;
INSERT INTO "parts" VALUES('0a0b',1,'videos/c.ts',5);
CREATE TABLE reservations (
    id TEXT PRIMARY KEY,
    path TEXT NOT NULL,
    upload_id TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    replaced_bytes INTEGER NOT NULL,
    until_s REAL NOT NULL,
    outside INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO "reservations" VALUES('0f0e0d','videos/a.ts','',10,3,1764500060.0,0);
INSERT INTO "reservations" VALUES('url videos/b.ts','videos/b.ts','',20,0,1764500900.0,1);
CREATE TABLE state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    measured_s REAL,
    due_s REAL NOT NULL DEFAULT 0,
    measuring TEXT,
    measuring_until_s REAL NOT NULL DEFAULT 0,
    other_bytes INTEGER NOT NULL DEFAULT 0
);
INSERT INTO "state" VALUES(1,1764500000.0,1764500900.0,NULL,0.0,3);
CREATE INDEX reservations_by_end ON reservations (outside, until_s);
CREATE TRIGGER reserved AFTER INSERT ON reservations BEGIN
    UPDATE counted SET reserved_bytes = reserved_bytes + max(0, new.size_bytes - new.replaced_bytes)
    WHERE substr(new.path, 1, length(prefix)) = prefix;
END;
CREATE TRIGGER released AFTER DELETE ON reservations BEGIN
    UPDATE counted SET reserved_bytes = reserved_bytes - max(0, old.size_bytes - old.replaced_bytes)
    WHERE substr(old.path, 1, length(prefix)) = prefix;
END;
COMMIT;
