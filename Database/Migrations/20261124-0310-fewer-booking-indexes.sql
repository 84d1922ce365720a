-- A person's lessons ahead are a stretch of all their lessons by time (none is longer than eight hours), and whose time is
-- taken is asked of taken_times: two indexes less to write at random places for every booking.
drop index bookings_live_of_learner;
drop index bookings_live_of_tutor;
