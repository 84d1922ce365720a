-- Asks another question each time: `list`, `page` or `detail` of the large town, among as many tutors as it has.
-- wrk -s ask.lua URL -- KIND TUTORS
local seed = 0
function setup(thread)
  seed = seed + 1
  thread:set("seed", seed)
end

local kind, tutors
function init(arguments)
  kind, tutors = arguments[1], tonumber(arguments[2])
  math.randomseed(seed)
end

function request()
  local subject, low, high = math.random(90, 110), 1000 + math.random(0, 99), 6000 + math.random(0, 99)
  if kind == "list" then
    return wrk.format("GET", string.format(
      "/api/tutors/?subject=large-subject-%d&rate_min=%d&rate_max=%d&ordering=-rating", subject, low, high))
  elseif kind == "page" then
    return wrk.format("GET", string.format("/tutors?subject=large-subject-%d&price_max=%.2f", subject, high / 100))
  else
    return wrk.format("GET", string.format("/api/users/mentors/01900000-0002-7000-8000-%012x/", math.random(1, tutors)))
  end
end
