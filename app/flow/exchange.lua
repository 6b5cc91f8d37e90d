-- Give slots back, and take others, of one flow key, in one step. The clock is Redis's own.
--
-- KEYS  1 slots     sorted set: permit -> when its lease ends, in microseconds
--       2 next      string: when the next start is due (GCRA's theoretical arrival time)
--       3 waiting   sorted set: worker -> until when it counts as waiting
--       4 wants     hash: worker -> how many of its items wait
--       5 started   hash: a sixtieth of the period -> starts in it
-- ARGV  1 channel   to wake other workers on       2 key       the flow key that they are told
--       3 worker                                   4 lease     microseconds
--       5 parallelism (0: none)                    6 interval  microseconds between starts (0: none)
--       7 horizon   microseconds ahead that starts are handed out
--       8 bucket    a sixtieth of the period, microseconds
--       9 want      permits wanted                 10 holds    slots this worker holds, in its own view
--       11 number   of the first new permit        12 handed   starts that needed no permit of ours
--       13…         permits given back
-- Returns {excess, ask again in (microseconds, -1: when woken), start of each permit granted, …}.
-- Starts are microseconds from now. `excess` slots should be given back as their items end.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local worker, lease = ARGV[3], tonumber(ARGV[4])
local parallelism, interval = tonumber(ARGV[5]), tonumber(ARGV[6])
local bucket, want = tonumber(ARGV[8]), tonumber(ARGV[9])
local forget = math.ceil((bucket * 60 + lease) / 1000) + 60000

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local freed = 0
for i = 13, #ARGV do freed = freed + redis.call('ZREM', KEYS[1], ARGV[i]) end

redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
local others = redis.call('ZCARD', KEYS[3])
if redis.call('ZSCORE', KEYS[3], worker) then others = others - 1 end

local active = redis.call('ZCARD', KEYS[1])
local room, excess = want, 0
if parallelism > 0 then
  room = math.min(want, parallelism - active)
  excess = math.max(0, active - parallelism)
  if others > 0 then
    -- While others wait, nobody takes more than an even share.
    local share = math.ceil(parallelism / (others + 1))
    local holds = tonumber(ARGV[10])
    room = math.min(room, share - holds)
    if active >= parallelism then excess = math.max(excess, holds - share) end
    if parallelism <= others then
      -- Fewer slots than workers: they take turns.
      excess = math.max(excess, holds)
      if freed > 0 then room = 0 end
    end
  end
end

local reply = {excess, -1}
-- What a slower rate left behind must not hold up a faster one.
local due = math.min(tonumber(redis.call('GET', KEYS[2]) or '0'), now + tonumber(ARGV[7]) + interval)
local count = tonumber(ARGV[12])
for i = 1, room do
  local start = now
  if interval > 0 then
    start = math.max(due, now)
    if start > now + tonumber(ARGV[7]) then
      reply[2] = start - now - tonumber(ARGV[7]) / 2
      break
    end
    due = start + interval
  end
  redis.call('ZADD', KEYS[1], start + lease, worker .. ':' .. (ARGV[11] + i - 1))
  reply[#reply + 1] = start - now
  count = count + 1
end
local granted = #reply - 2

if interval > 0 and granted > 0 then
  redis.call('SET', KEYS[2], string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000) + 60000)
end
if count > 0 then
  local present = math.floor(now / bucket)
  redis.call('HINCRBY', KEYS[5], string.format('%.0f', present), count)
  if redis.call('HLEN', KEYS[5]) > 130 then
    for _, past in ipairs(redis.call('HKEYS', KEYS[5])) do
      if tonumber(past) < present - 60 then redis.call('HDEL', KEYS[5], past) end
    end
  end
  redis.call('PEXPIRE', KEYS[5], forget)
end
if want > granted then
  redis.call('ZADD', KEYS[3], now + 1000000, worker)
  redis.call('HSET', KEYS[4], worker, want - granted)
  redis.call('PEXPIRE', KEYS[4], 60000)
else
  redis.call('ZREM', KEYS[3], worker)
  redis.call('HDEL', KEYS[4], worker)
end
if freed > 0 and others > 0 and active + granted < parallelism then
  -- A user without a right to the channel works on: the others ask again by themselves.
  redis.pcall('PUBLISH', ARGV[1], worker .. ' ' .. ARGV[2])
end
redis.call('PEXPIRE', KEYS[1], forget)
return reply
