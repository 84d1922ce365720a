-- wrk: each request books an hour that nobody else asks for. Its argument is a folder with the lists `tokens`, `times`
-- and `offers` (tutor and subject).
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

local function lines(path)
  local all = {}
  for line in io.lines(path) do all[#all + 1] = line end
  return all
end

function init(arguments)
  tokens, times, offers = lines(arguments[1] .. "/tokens"), lines(arguments[1] .. "/times"), lines(arguments[1] .. "/offers")
  count = number
end

function request()
  local offer = offers[1 + count % #offers]
  -- A learner's next turn comes after all the others', and is for the next time.
  local time = times[1 + math.floor(count / #tokens) % #times]
  local token = tokens[1 + count % #tokens]
  count = count + 2
  local tutor, subject = offer:match("(%S+) (%S+)")
  local body = string.format('{"tutor":"%s","subject":"%s","starts_at":"%s","duration_minutes":60}', tutor, subject, time)
  return wrk.format("POST", nil, { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. token }, body)
end
