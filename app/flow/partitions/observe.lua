-- The partitions of a flow key with the most slots in use, or one of them. Begins with counts.lua.
--
-- KEYS  1 slots                        2 used
-- ARGV  1 most      partitions         2 only   this partition; none: the fullest
-- Returns {partition, slots in use, …}, the fullest first.
lapse(KEYS[1], KEYS[2])
local found = {}
if ARGV[2] then
  local used = redis.call('ZSCORE', KEYS[2], ARGV[2])
  if used then found[1] = {ARGV[2], tonumber(used)} end
else
  local fullest = redis.call('ZREVRANGE', KEYS[2], 0, ARGV[1], 'WITHSCORES')
  for i = 1, #fullest, 2 do
    if fullest[i] ~= '' and #found < tonumber(ARGV[1]) then
      found[#found + 1] = {fullest[i], tonumber(fullest[i + 1])}
    end
  end
  table.sort(found, function(a, b) return a[2] > b[2] or a[2] == b[2] and a[1] < b[1] end)
end
local reply = {}
for _, one in ipairs(found) do
  reply[#reply + 1] = one[1]
  reply[#reply + 1] = one[2]
end
return reply
