-- What a flow key is doing.
--
-- KEYS  1 slots   2 waiting   3 wants   4 started
-- ARGV  1 bucket (microseconds)
-- Returns {active, items waiting, started in the last period}.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local wants = 0
for _, worker in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], string.format('(%.0f', now), '+inf')) do
  wants = wants + tonumber(redis.call('HGET', KEYS[3], worker) or '0')
end
local started, present = 0, math.floor(now / tonumber(ARGV[1]))
local buckets = redis.call('HGETALL', KEYS[4])
for i = 1, #buckets, 2 do
  if tonumber(buckets[i]) > present - 60 then started = started + tonumber(buckets[i + 1]) end
end
return {redis.call('ZCOUNT', KEYS[1], string.format('(%.0f', now), '+inf'), wants, started}
