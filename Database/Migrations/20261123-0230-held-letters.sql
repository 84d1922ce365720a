-- Until when a letter waits for its reader's quiet hours to end: it is not late meanwhile.
alter table mails add column held_until timestamptz;
