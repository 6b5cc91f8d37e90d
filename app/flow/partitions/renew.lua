-- Say that permits are still in use; one that Redis has forgotten is taken up again, because its
-- item is at work whatever Redis remembers. Begins with counts.lua.
--
-- KEYS  1 slots                        2 used
-- ARGV  1 lease (microseconds)         2… permits
count(KEYS[1], KEYS[2])
local lease, permits, ends = tonumber(ARGV[1]), {}, {}
for i = 2, #ARGV do
  permits[#permits + 1] = ARGV[i]
  ends[#ends + 1] = now + lease
  ends[#ends + 1] = ARGV[i]
end
for i, known in ipairs(scores(KEYS[1], permits)) do
  if not known then redis.call('ZINCRBY', KEYS[2], 1, partition_of(permits[i])) end
end
in_parts('ZADD', KEYS[1], ends)
redis.call('PEXPIRE', KEYS[1], math.ceil(lease / 1000) + 60000)
count_anew_later(KEYS[2])
return #permits
