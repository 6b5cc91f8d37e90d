-- Say that permits are still in use; one that Redis has forgotten is taken up again, because its
-- item is at work whatever Redis remembers.
--
-- KEYS  1 slots
-- ARGV  1 lease (microseconds)   2… permits
local time = redis.call('TIME')
local ends = time[1] * 1000000 + time[2] + tonumber(ARGV[1])
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], ends, ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], math.ceil(tonumber(ARGV[1]) / 1000) + 60000)
return #ARGV - 1
