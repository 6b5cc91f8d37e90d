-- The partitions of a flow key with the most slots in use, or one of them.
--
-- KEYS  1 used      sorted set: partition -> its slots in use when it was last asked for
-- ARGV  1 most      partitions               2 slots    how the name of a partition's slots begins
--       3 only      this partition; none: the fullest
-- Returns {partition, slots in use, …}, the fullest first.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local found = {}
local names = {ARGV[3]}
if #names == 0 then names = redis.call('ZREVRANGE', KEYS[1], 0, ARGV[1] - 1) end
for _, partition in ipairs(names) do
  local slots = ARGV[2] .. partition
  local used = redis.call('ZCOUNT', slots, string.format('(%.0f', now), '+inf')
  if used > 0 then
    found[#found + 1] = {partition, used}
  else
    redis.call('ZREM', KEYS[1], partition)
  end
end
table.sort(found, function(a, b) return a[2] > b[2] or a[2] == b[2] and a[1] < b[1] end)
local reply = {}
for _, one in ipairs(found) do
  reply[#reply + 1] = one[1]
  reply[#reply + 1] = one[2]
end
return reply
