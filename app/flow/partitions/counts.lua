-- What the scripts beside it begin with: permits and the counts of their partitions.
--
-- A permit is worker:number, and of a partition worker:number:partition. `slots` has each with when
-- its lease ends; `used` has each partition with how many of them it has in `slots`, and the empty
-- name with those of none. That is counted anew once a minute: whatever made it wrong, such as a worker
-- of another version that knows `slots` alone, has an end.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local function partition_of(permit)
  return string.match(permit, '^[^:]*:%d+:(.*)$') or ''
end

-- A command for members or pairs of any number: Lua passes some thousands on at the most.
local function in_parts(command, key, members)
  local replies = {}
  for i = 1, #members, 500 do
    replies[#replies + 1] =
      redis.call(command, key, unpack(members, i, math.min(i + 499, #members)))
  end
  return replies
end

-- The scores of members, in their order; false: it is not there.
local function scores(key, members)
  local found = {}
  for _, some in ipairs(in_parts('ZMSCORE', key, members)) do
    for _, score in ipairs(some) do found[#found + 1] = score end
  end
  return found
end

local function count(slots, used)
  if redis.call('EXISTS', used) == 0 then
    for _, permit in ipairs(redis.call('ZRANGE', slots, 0, -1)) do
      redis.call('ZINCRBY', used, 1, partition_of(permit))
    end
  end
end

-- After whatever may have made it. 'LT' also where nothing or a later end was set, as other versions do.
local function count_anew_later(used)
  redis.call('PEXPIRE', used, 60000, 'LT')
end

-- Let go of what nobody has renewed.
local function lapse(slots, used)
  count(slots, used)
  local lapsed = redis.call('ZRANGEBYSCORE', slots, '-inf', now)
  if #lapsed > 0 then
    for _, permit in ipairs(lapsed) do redis.call('ZINCRBY', used, -1, partition_of(permit)) end
    redis.call('ZREMRANGEBYSCORE', slots, '-inf', now)
    redis.call('ZREMRANGEBYSCORE', used, '-inf', 0)
  end
  count_anew_later(used)
end

