-- Published: the sessions that nobody has ended. One that ran out for lack of use is among them.
create view open_sessions as select id, user_id, expires_at from sessions where revoked_at is null;
