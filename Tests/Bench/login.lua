-- wrk: 64 people sign in, over and over. Its argument is the password they share.
local password

function init(arguments)
  password = arguments[1]
end

local count = 0

function request()
  count = count + 1
  local body = string.format('{"email":"learner%d@large.example","password":"%s"}', 1 + count % 5000, password)
  return wrk.format("POST", nil, { ["Content-Type"] = "application/json" }, body)
end
