-- Give slots back, and take others, of one flow key and of partitions of it, in one step: what
-- ../exchange.lua does, where each start needs a slot and a turn of its partition as well. One whose
-- partition has none is passed over, and whoever stands behind it goes first.
--
-- KEYS  1 slots     sorted set: permit -> when its lease ends, in microseconds
--       2 next      string: when the key's next start is due (GCRA's theoretical arrival time)
--       3 waiting   sorted set: worker -> until when it counts as waiting
--       4 wants     hash: worker -> how many of its items wait
--       5 started   hash: a sixtieth of the period -> starts in it
--       6 used      sorted set: partition -> its slots in use when it was last asked for
-- ARGV  1 channel   to wake other workers on       2 key       the flow key that they are told
--       3 worker                                   4 lease     microseconds
--       5 parallelism (0: none)                    6 interval  microseconds between starts (0: none)
--       7 horizon   microseconds ahead that starts are handed out
--       8 bucket    a sixtieth of the period, microseconds
--       9 holds     slots this worker holds, in its own view
--       10 number   of the first new permit        11 waiting  items in line here, asked for or not
--       12 names   partitions in question, with a NUL between two
--       13 kinds   of each of them the kind of its limits, from 1; empty: all are of the first
--       14 wanted  of each permit wanted its partition, from 1; 0: it has none
--       15 gone    permits given back, each with its partition
--       16 slots   how the name of a partition's slots begins, as 1
--       17 next    and that of its next start, as 2
--       18…        of each kind: parallelism and interval
--       Lists are one text each, with blanks: each argument takes the client a microsecond.
-- Returns {other workers whose items wait, ask again in (microseconds, -1: when woken), answer to
-- each wanted, …}. An answer from 0 on is a start, in microseconds from now; -1: the key has no room;
-- -2: the partition's slots are taken; below: its turn comes in so many microseconds and two more.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local worker, lease, horizon = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[7])
local parallelism, interval = tonumber(ARGV[5]), tonumber(ARGV[6])
local bucket, holds = tonumber(ARGV[8]), tonumber(ARGV[9])
local forget = math.ceil((bucket * 60 + lease) / 1000) + 60000

-- There are hundreds in a call, so nothing is asked for that decides nothing.
local of, wanted = {}, {}
for name in string.gmatch(ARGV[12], '[^%z]+') do
  of[#of + 1] = {
    name = name, limit = tonumber(ARGV[18]), interval = tonumber(ARGV[19]),
    slots = ARGV[16] .. name, next = ARGV[17] .. name, wanted = 0
  }
end
local at = 0
for kind in string.gmatch(ARGV[13], '%S+') do
  at = at + 1
  of[at].limit, of[at].interval = tonumber(ARGV[16 + 2 * kind]), tonumber(ARGV[17 + 2 * kind])
end
for place in string.gmatch(ARGV[14], '%S+') do
  local one = of[tonumber(place)] or false
  wanted[#wanted + 1] = one
  if one then one.wanted = one.wanted + 1 end
end
local partitions, want = #of, #wanted

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local freed, gone = 0, {}
for permit, place in string.gmatch(ARGV[15], '(%S+) (%S+)') do
  local one = of[tonumber(place)]
  if one then redis.call('ZREM', one.slots, permit) end
  gone[#gone + 1] = permit
end
for i = 1, #gone, 500 do
  freed = freed + redis.call('ZREM', KEYS[1], unpack(gone, i, math.min(i + 499, #gone)))
end
for i = 1, partitions do
  local one = of[i]
  one.active = redis.call('ZCARD', one.slots)
  if one.active > 0 and (one.limit == 0 or one.active + one.wanted > one.limit) then
    one.active = one.active - redis.call('ZREMRANGEBYSCORE', one.slots, '-inf', now)
  end
  if one.interval > 0 then
    -- What a slower rate left behind must not hold up a faster one.
    one.due = math.min(tonumber(redis.call('GET', one.next) or '0'), now + horizon + one.interval)
  end
end

redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
local others = redis.call('ZCARD', KEYS[3])
if redis.call('ZSCORE', KEYS[3], worker) then others = others - 1 end

local active = redis.call('ZCARD', KEYS[1])
local room = want
if parallelism > 0 then
  room = math.min(want, parallelism - active)
  if others > 0 then
    -- While others wait, nobody takes more than an even share.
    local share = math.ceil(parallelism / (others + 1))
    room = math.min(room, share - holds)
    if parallelism <= others and freed > 0 then room = 0 end  -- they take turns
  end
end

local reply = {0, -1}
local due = math.min(tonumber(redis.call('GET', KEYS[2]) or '0'), now + horizon + interval)
local granted, ask, taken = 0, -1, {}
for i = 1, want do
  local one = wanted[i]
  local start, answer = now, nil
  if interval > 0 then start = math.max(due, now) end
  if granted >= room then
    answer = -1
  elseif start > now + horizon then
    answer = -1
    if ask < 0 then ask = start - now - horizon / 2 end
  elseif one and one.limit > 0 and one.active >= one.limit then
    answer = -2
  elseif one and one.interval > 0 and one.due > start then
    -- Where the key has a rate, its turn goes to who can take it when it comes.
    if interval > 0 or one.due > now + horizon then
      answer = -2 - math.max(1, math.ceil(one.due - now))
    else
      start = one.due
    end
  end
  if not answer then
    local permit = worker .. ':' .. (ARGV[10] + i - 1)
    taken[#taken + 1] = start + lease
    taken[#taken + 1] = permit
    if interval > 0 then due = start + interval end
    if one then
      redis.call('ZADD', one.slots, start + lease, permit)
      one.active = one.active + 1
      one.granted = true
      if one.interval > 0 then
        one.due = start + one.interval
        one.moved = true
      end
    end
    granted = granted + 1
    answer = start - now
  end
  reply[#reply + 1] = answer
end
reply[2] = ask
for i = 1, #taken, 500 do
  redis.call('ZADD', KEYS[1], unpack(taken, i, math.min(i + 499, #taken)))
end

local used, unused = {}, {}
for i = 1, partitions do
  local one = of[i]
  if one.moved then
    local kept = math.ceil((one.due - now) / 1000) + 60000
    redis.call('SET', one.next, string.format('%.0f', one.due), 'PX', kept)
  end
  if one.active > 0 then
    used[#used + 1] = one.active
    used[#used + 1] = one.name
    if one.granted then redis.call('PEXPIRE', one.slots, math.ceil(lease / 1000) + 60000) end
  else
    unused[#unused + 1] = one.name
  end
end
for i = 1, #used, 500 do
  redis.call('ZADD', KEYS[6], unpack(used, i, math.min(i + 499, #used)))
end
for i = 1, #unused, 500 do
  redis.call('ZREM', KEYS[6], unpack(unused, i, math.min(i + 499, #unused)))
end
redis.call('PEXPIRE', KEYS[6], forget)
if interval > 0 and granted > 0 then
  redis.call('SET', KEYS[2], string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000) + 60000)
end
if granted > 0 then
  local present = math.floor(now / bucket)
  redis.call('HINCRBY', KEYS[5], string.format('%.0f', present), granted)
  if redis.call('HLEN', KEYS[5]) > 130 then
    for _, past in ipairs(redis.call('HKEYS', KEYS[5])) do
      if tonumber(past) < present - 60 then redis.call('HDEL', KEYS[5], past) end
    end
  end
  redis.call('PEXPIRE', KEYS[5], forget)
end
local left = tonumber(ARGV[11]) - granted
-- Who waits for a partition's slots alone takes none of the others' share.
local short = false
for i = 3, #reply do if reply[i] == -1 then short = true end end
if short then
  redis.call('ZADD', KEYS[3], now + 1000000, worker)
else
  redis.call('ZREM', KEYS[3], worker)
end
if left > 0 then
  redis.call('HSET', KEYS[4], worker, left)
  redis.call('PEXPIRE', KEYS[4], 60000)
else
  redis.call('HDEL', KEYS[4], worker)
end
local waiters = redis.call('HLEN', KEYS[4])
if left > 0 then waiters = waiters - 1 end
reply[1] = waiters
if freed > 0 and waiters > 0 then
  -- Somebody may wait for this very partition, which only the one who waits knows. A user without a
  -- right to the channel works on: the others ask again by themselves.
  redis.pcall('PUBLISH', ARGV[1], worker .. ' ' .. ARGV[2])
end
redis.call('PEXPIRE', KEYS[1], forget)
return reply
