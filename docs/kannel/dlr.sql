-- The table of delivery reports, made once before the first start: sqlite3 /var/lib/kannel/dlr.sqlite < dlr.sql
CREATE TABLE IF NOT EXISTS dlr (
  smsc TEXT, ts TEXT, source TEXT, destination TEXT, service TEXT, url TEXT, mask INTEGER, status INTEGER, boxc TEXT
);
CREATE INDEX IF NOT EXISTS dlr_ts ON dlr (smsc, ts);
