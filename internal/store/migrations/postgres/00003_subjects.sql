-- +goose Up
-- Who a user is at an issuer of OpenID Connect: the issuer, a space and the
-- subject there; empty for who signs in with a password.
ALTER TABLE users ADD COLUMN subject TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE UNIQUE INDEX users_subject ON users (subject) WHERE subject <> '';
