-- Give slots back, and take others, of one flow key, in one step. The clock is Redis's own. Where
-- workers wait for different priorities, each start is chosen over all of them, by choice.lua, which
-- stands before this.
--
-- KEYS  1 slots     sorted set: permit -> when its lease ends, in microseconds
--       2 next      string: when the next start is due (GCRA's theoretical arrival time)
--       3 waiting   sorted set: worker -> until when it counts as waiting
--       4 wants     hash: worker -> how many of its items wait; and "worker:levels" -> how many of
--                   each priority, as ARGV 13, unless all are ordinary
--       5 started   hash: a sixtieth of the period -> starts in it
--       6 owed      string: what choice.lua remembers
-- ARGV  1 channel   to wake other workers on       2 key       the flow key that they are told
--       3 worker                                   4 lease     microseconds
--       5 parallelism (0: none)                    6 interval  microseconds between starts (0: none)
--       7 horizon   microseconds ahead that starts are handed out
--       8 bucket    a sixtieth of the period, microseconds
--       9 want      permits wanted                 10 holds    slots this worker holds, in its own view
--       11 number   of the first new permit        12 handed   starts that needed no permit of ours
--       13 levels   priorities, each with how many wait here for it (0: one was handed a slot), with
--                   blanks; empty: all are ordinary
--       14 share    of the starts for lower priorities, in millionths
--       15…         permits given back
-- Returns {excess, ask again in (microseconds, -1: when woken), permits granted, start of each, …,
-- priority of each, …}. Starts are microseconds from now. `excess` slots should be given back as their
-- items end. The priorities are left out where the next in line there, whoever it is, may begin.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local worker, lease, horizon = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[7])
local parallelism, interval = tonumber(ARGV[5]), tonumber(ARGV[6])
local bucket, want, holds = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local share = tonumber(ARGV[14])
local forget = math.ceil((bucket * 60 + lease) / 1000) + 60000

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local freed = 0
for i = 15, #ARGV do freed = freed + redis.call('ZREM', KEYS[1], ARGV[i]) end

redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
local others = redis.call('ZCARD', KEYS[3])
-- There is more in the hash than a number for each who waits: somebody waits for another priority
-- than the ordinary one, or has gone.
local more = redis.call('HLEN', KEYS[4]) > others
local waited = redis.call('ZSCORE', KEYS[3], worker)
if waited then others = others - 1 end

-- By priority: how many wait here, how many elsewhere, and in how many workers.
local mine, theirs, rivals = {}, {}, {}
local ordinary, mixed = ARGV[13] == '', false
if not ordinary then
  add_levels(ARGV[13], mine)
elseif want + ARGV[12] > 0 then
  mine[ORDINARY] = want
end
if others > 0 and (more or not ordinary) then
  local said, fields = {}, redis.call('HGETALL', KEYS[4])
  for i = 1, #fields, 2 do said[fields[i]] = fields[i + 1] end
  for _, other in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
    if other ~= worker then
      local levels = said[other .. ':levels'] or (ORDINARY .. ' ' .. (said[other] or '1'))
      add_levels(levels, theirs, rivals)
    end
    said[other], said[other .. ':levels'] = nil, nil
  end
  for gone in pairs(said) do redis.call('HDEL', KEYS[4], gone) end
  mixed = is_mixed(mine, theirs)
end

local active = redis.call('ZCARD', KEYS[1])
local room, excess = want, 0
if parallelism > 0 then
  room = parallelism - active
  excess = math.max(0, active - parallelism)
  if mixed then
    excess = math.max(excess, holds)
  elseif others > 0 then
    -- While others wait, nobody takes more than an even share.
    local even = math.ceil(parallelism / (others + 1))
    room = math.min(room, even - holds)
    if active >= parallelism then excess = math.max(excess, holds - even) end
    if parallelism <= others then
      -- Fewer slots than workers: they take turns.
      excess = math.max(excess, holds)
      if freed > 0 then room = 0 end
    end
  end
elseif mixed then
  room = math.huge
end

local line = mixed and want > 0 and choice_of(mine, theirs, rivals, share, KEYS[6])
local granted, kept = 0, 0
local reply, levels = {excess, -1, 0}, {}
-- What a slower rate left behind must not hold up a faster one. It is moved once, and written down:
-- else it would stay as far ahead of whoever asks.
local left_behind = tonumber(redis.call('GET', KEYS[2]) or '0')
local due = math.min(left_behind, now + horizon + interval)
while granted < want and granted + kept < room do
  local start = now
  if interval > 0 then
    start = math.max(due, now)
    local beyond = start + kept * interval - now - horizon
    if beyond > 0 then
      reply[2] = beyond + horizon / 2
      break
    end
  end
  local level, change
  if line then
    level, change = choose(line)
    if not level then break end
  end
  if not line or is_mine(line, level, parallelism, holds + granted, freed) then
    due = start + interval
    redis.call('ZADD', KEYS[1], start + lease, worker .. ':' .. (ARGV[11] + granted))
    reply[#reply + 1] = start - now
    granted = granted + 1
    if line then
      levels[granted] = level
      mine[level] = mine[level] - 1
      take(line, level, change)
    end
  else
    keep(line, level, change)
    kept = line.kept
  end
end
reply[3] = granted
for i = 1, #levels do reply[#reply + 1] = levels[i] end
if line then remember(line) end
if mixed and parallelism > 0 then reply[1] = math.max(excess, holds + granted) end
if interval > 0 and kept > 0 then
  -- Soon enough for a start that those whose it is have left.
  reply[2] = reply[2] < 0 and horizon / 2 or math.min(reply[2], horizon / 2)
end

if interval > 0 and (granted > 0 or due < left_behind) then
  redis.call('SET', KEYS[2], string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000) + 60000)
end
local count = ARGV[12] + granted
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

-- A user without a right to the channel works on: the others ask again by themselves.
local free = parallelism > 0 and active + granted < parallelism
if want > granted then
  redis.call('ZADD', KEYS[3], now + 1000000, worker)
  local left, top = {}, nil
  if not ordinary then
    local begun = mixed and 0 or granted
    for level = 9, 0, -1 do
      local waits = mine[level] or 0
      local gone = math.min(begun, waits)
      begun = begun - gone
      if waits > gone then
        top = top or level
        left[#left + 1] = level .. ' ' .. (waits - gone)
      end
    end
  end
  if parallelism > 0 and active > holds and (mixed or not ordinary) then
    -- Those who hold slots hear at once that each end of an item concerns others.
    local was = redis.call('HGET', KEYS[4], worker .. ':levels')
    was = waited and tonumber(string.match(was or '', '^%d+') or ORDINARY) or -1
    if (top or ORDINARY) > was then
      redis.pcall('PUBLISH', ARGV[1], worker .. ' ' .. ARGV[2] .. ' ask')
    end
  end
  if top then
    redis.call('HSET', KEYS[4], worker, want - granted, worker .. ':levels', table.concat(left, ' '))
  else
    redis.call('HSET', KEYS[4], worker, want - granted)
    if more then redis.call('HDEL', KEYS[4], worker .. ':levels') end
  end
  redis.call('PEXPIRE', KEYS[4], 60000)
else
  redis.call('ZREM', KEYS[3], worker)
  redis.call('HDEL', KEYS[4], worker, worker .. ':levels')
end
if others > 0 and free and (freed > 0 or (mixed and waited and want == granted)) then
  -- They may be free for somebody, or nobody here waits any more for what was kept.
  redis.pcall('PUBLISH', ARGV[1], worker .. ' ' .. ARGV[2])
end
redis.call('PEXPIRE', KEYS[1], forget)
return reply
