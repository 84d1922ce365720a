-- Asks another question each time: `list`, `page` or `detail` of the large town, among as many tutors as it has, or the
-- `dashboard` of those whose tokens stand in a file. No two threads and no two runs ask the same, so that nothing made
-- before answers it.
-- wrk -s ask.lua URL -- KIND TUTORS [TOKENS]
local threads = 0
function setup(thread)
  threads = threads + 1
  -- A global of the thread's own: what this file calls local is another one there.
  thread:set("number", threads)
end

local kind, tutors, tokens
function init(arguments)
  kind, tutors, tokens = arguments[1], tonumber(arguments[2]), {}
  if arguments[3] then
    for line in io.lines(arguments[3]) do tokens[#tokens + 1] = line end
  end
  math.randomseed(os.time() * 64 + number)
end

function request()
  local subject, low, high = math.random(90, 110), 1000 + math.random(0, 999), 5000 + math.random(0, 1999)
  if kind == "list" then
    return wrk.format("GET", string.format(
      "/api/tutors/?subject=large-subject-%d&rate_min=%d&rate_max=%d&ordering=-rating", subject, low, high))
  elseif kind == "page" then
    return wrk.format("GET", string.format("/tutors?subject=large-subject-%d&price_max=%.2f", subject, (2 * low + high - 4000) / 100))
  elseif kind == "dashboard" then
    return wrk.format("GET", "/api/dashboard/learner/", { ["Authorization"] = "Bearer " .. tokens[math.random(#tokens)] })
  else
    return wrk.format("GET", string.format("/api/users/mentors/01900000-0002-7000-8000-%012x/", math.random(1, tutors)))
  end
end
