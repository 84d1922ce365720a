-- How calls are right now is asked every quarter minute, for metrics and alerts: by time, over all rooms.
create index room_quality_by_time on room_quality (at);
