-- Give slots back, and take others, of one flow key and of partitions of it, in one step: what
-- ../exchange.lua does, where each start needs a slot and a turn of its partition as well. One whose
-- partition has none is passed over, and whoever stands behind it goes first. Begins with counts.lua.
--
-- KEYS  1 slots     sorted set: permit -> when its lease ends, in microseconds
--       2 next      string: when the key's next start is due (GCRA's theoretical arrival time)
--       3 waiting   sorted set: worker -> until when it counts as waiting
--       4 wants     hash: worker -> how many of its items wait
--       5 started   hash: a sixtieth of the period -> starts in it
--       6 used      sorted set: partition -> its slots in use
--       7 heard     sorted set: worker whose items wait -> until when it counts as doing so
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
--       15 gone    numbers of permits given back, each with its partition
--       16 next    how the name of a partition's next start begins, as 2
--       17…        of each kind: parallelism and interval
--       Lists are one text each, with blanks: each argument takes the client a microsecond.
-- Returns {other workers whose items wait, ask again in (microseconds, -1: when woken), answer to
-- each wanted, …}. An answer from 0 on is a start, in microseconds from now; -1: the key has no room;
-- -2: the partition's slots are taken; below: its turn comes in so many microseconds and two more.
local worker, lease, horizon = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[7])
local parallelism, interval = tonumber(ARGV[5]), tonumber(ARGV[6])
local bucket, holds = tonumber(ARGV[8]), tonumber(ARGV[9])
local forget = math.ceil((bucket * 60 + lease) / 1000) + 60000

-- There are hundreds in a call: no command is for one of them, no table is made for one, and no
-- number is made text twice.
local names, limits, paces, partitions = {[0] = ''}, {[0] = 0}, {[0] = 0}, 0
local limit, pace = tonumber(ARGV[17] or '0'), tonumber(ARGV[18] or '0')  -- of the first kind
local asked = {''}
for name in string.gmatch(ARGV[12], '[^%z]+') do
  partitions = partitions + 1
  names[partitions], limits[partitions], paces[partitions] = name, limit, pace
  asked[partitions + 1] = name
end
local at, paced = 0, pace > 0
for kind in string.gmatch(ARGV[13], '%S+') do
  at = at + 1
  limits[at], paces[at] = tonumber(ARGV[15 + 2 * kind]), tonumber(ARGV[16 + 2 * kind])
  paced = paced or paces[at] > 0
end
local function permit_of(number, place)
  if place == 0 then return worker .. ':' .. number end
  return worker .. ':' .. number .. ':' .. names[place]
end

lapse(KEYS[1], KEYS[6])
local gone, gone_of = {}, {}
for number, place in string.gmatch(ARGV[15], '(%d+) (%d+)') do
  place = tonumber(place)
  gone[#gone + 1] = permit_of(number, place)
  gone_of[#gone] = place
end
local freed = 0
for _, removed in ipairs(in_parts('ZREM', KEYS[1], gone)) do freed = freed + removed end
local strayed = freed < #gone  -- a lease had ended, or they are given back once more: which, nobody says
if strayed then
  redis.call('DEL', KEYS[6])
  count(KEYS[1], KEYS[6])
end
local before, active_of = {}, {}
for i, used in ipairs(scores(KEYS[6], asked)) do
  before[i - 1] = tonumber(used or 0)
  active_of[i - 1] = before[i - 1]
end
if not strayed then
  for _, place in ipairs(gone_of) do active_of[place] = active_of[place] - 1 end
end
local due_of, moved = {}, {}
if paced then
  for i = 1, partitions do
    if paces[i] > 0 then
      -- What a slower rate left behind must not hold up a faster one. It is moved once, and written
      -- down: else it would stay as far ahead of whoever asks.
      local left_behind = tonumber(redis.call('GET', ARGV[16] .. names[i]) or '0')
      due_of[i] = math.min(left_behind, now + horizon + paces[i])
      moved[i] = due_of[i] < left_behind or nil
    end
  end
end

redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
local others = redis.call('ZCARD', KEYS[3])
if redis.call('ZSCORE', KEYS[3], worker) then others = others - 1 end

local active = redis.call('ZCARD', KEYS[1])
local room = math.huge
if parallelism > 0 then
  room = parallelism - active
  if others > 0 then
    -- While others wait, nobody takes more than an even share.
    local share = math.ceil(parallelism / (others + 1))
    room = math.min(room, share - holds)
    if parallelism <= others and freed > 0 then room = 0 end  -- they take turns
  end
end

local reply = {0, -1}
local left_behind = tonumber(redis.call('GET', KEYS[2]) or '0')
local due = math.min(left_behind, now + horizon + interval)
local granted, ask, taken, short = 0, -1, {}, false
local number, ends = tonumber(ARGV[10]) - 1, string.format('%.0f', now + lease)
for place in string.gmatch(ARGV[14], '%d+') do
  place, number = tonumber(place), number + 1
  local start, answer = now, nil
  if interval > 0 then start = math.max(due, now) end
  if granted >= room then
    answer = -1
  elseif start > now + horizon then
    answer = -1
    if ask < 0 then ask = start - now - horizon / 2 end
  elseif limits[place] > 0 and active_of[place] >= limits[place] then
    answer = -2
  elseif due_of[place] and due_of[place] > start then
    -- Where the key has a rate, its turn goes to who can take it when it comes.
    if interval > 0 or due_of[place] > now + horizon then
      answer = -2 - math.max(1, math.ceil(due_of[place] - now))
    else
      start = due_of[place]
    end
  end
  if not answer then
    taken[#taken + 1] = start == now and ends or string.format('%.0f', start + lease)
    taken[#taken + 1] = permit_of(number, place)
    if interval > 0 then due = start + interval end
    active_of[place] = active_of[place] + 1
    if due_of[place] then
      due_of[place] = start + paces[place]
      moved[place] = true
    end
    granted = granted + 1
    answer = start - now
  elseif answer == -1 then
    short = true
  end
  reply[#reply + 1] = answer
end
reply[2] = ask
in_parts('ZADD', KEYS[1], taken)

for place in pairs(moved) do
  local kept = math.ceil((due_of[place] - now) / 1000) + 60000
  local next = string.format('%.0f', due_of[place])
  redis.call('SET', ARGV[16] .. names[place], next, 'PX', kept)
end
local used, unused = {}, {}
for i = 0, partitions do
  if active_of[i] ~= before[i] then
    if active_of[i] > 0 then
      used[#used + 1] = active_of[i]
      used[#used + 1] = names[i]
    else
      unused[#unused + 1] = names[i]
    end
  end
end
in_parts('ZADD', KEYS[6], used)
in_parts('ZREM', KEYS[6], unused)
count_anew_later(KEYS[6])
if interval > 0 and (granted > 0 or due < left_behind) then
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
if short then
  redis.call('ZADD', KEYS[3], now + 1000000, worker)
else
  redis.call('ZREM', KEYS[3], worker)
end
redis.call('ZREMRANGEBYSCORE', KEYS[7], '-inf', now)
if left > 0 then
  redis.call('HSET', KEYS[4], worker, left)
  redis.call('ZADD', KEYS[7], now + 1000000, worker)
  for i = 4, 7, 3 do redis.call('PEXPIRE', KEYS[i], 60000) end
else
  redis.call('HDEL', KEYS[4], worker)
  redis.call('ZREM', KEYS[7], worker)
end
local waiters = redis.call('ZCARD', KEYS[7])
if redis.call('HLEN', KEYS[4]) > waiters then
  for _, one in ipairs(redis.call('HKEYS', KEYS[4])) do
    if not redis.call('ZSCORE', KEYS[7], one) then redis.call('HDEL', KEYS[4], one) end
  end
end
if left > 0 then waiters = waiters - 1 end
reply[1] = waiters
if freed > 0 and waiters > 0 then
  -- Somebody may wait for this very partition, which only the one who waits knows. A user without a
  -- right to the channel works on: the others ask again by themselves.
  redis.pcall('PUBLISH', ARGV[1], worker .. ' ' .. ARGV[2])
end
redis.call('PEXPIRE', KEYS[1], forget)
return reply
