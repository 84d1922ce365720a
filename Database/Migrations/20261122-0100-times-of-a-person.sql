-- One person's times are looked up with every booking and every look at a calendar. The constraint's GiST index finds them
-- too, but reads a hundred pages of a large table for it, because a key that is drawn at random lies in many branches; the
-- planner does not know. A hash of the person reads three, and is never the dearer of the two in its eyes.
create index taken_times_of_person on taken_times using hash (person_id);

-- The same for a tutor's weekly hours, which are read whole and in order.
create index availability_hours_in_order on availability_hours (tutor_id, weekday, hours);
