-- What the scripts begin with that hand out starts of one flow key: whose start is next, by priority,
-- over all workers that wait. The highest is next; and of any n choices while a lower one waits
-- anywhere, n times the share, rounded down, are of lower ones, which take turns.
local ORDINARY, WHOLE = 5, 1000000

-- Add up a text as workers send it: priorities, each with how many wait for it, with blanks.
local function add_levels(text, waits, workers)
  for level, number in string.gmatch(text, '(%d+) (%d+)') do
    level = tonumber(level)
    waits[level] = (waits[level] or 0) + number
    if workers then workers[level] = (workers[level] or 0) + 1 end
  end
end

-- Whether not all who wait do so for one priority. Whoever has nobody in line cannot tell of which
-- priority its next item will be.
local function is_mixed(mine, theirs)
  local only
  for level in pairs(theirs) do
    if only and only ~= level then return true end
    only = level
  end
  if not only then return false end
  for level in pairs(mine) do
    if level ~= only then return true end
  end
  return next(mine) == nil and only ~= ORDINARY
end

-- `mine` wait here, `theirs` elsewhere, of each priority in so many workers as `rivals` says. `key`
-- holds what the lower priorities are owed, in millionths of a start, and which of them had the last
-- one. Until the others have taken theirs it is reckoned as if they had, and theirs are kept for them.
local function choice_of(mine, theirs, rivals, share, key)
  local owed, last = string.match(redis.call('GET', key) or '', '(%S+) (%d+)')
  owed, last = tonumber(owed or 0), tonumber(last or 0)
  return {
    mine = mine, theirs = theirs, rivals = rivals, share = share, key = key,
    owed = owed, last = last, reckoned = owed, turn = last, kept = 0, kept_low = 0, taken = 0
  }
end

-- The next start's priority (nil: nobody waits), and by how much the lower ones are owed more for it.
local function choose(one)
  local top, low, after
  for level = 9, 0, -1 do
    if (one.mine[level] or 0) + (one.theirs[level] or 0) > 0 then
      if not top then
        top = level
      else
        low = low or level
        if level < one.turn then after = after or level end
      end
    end
  end
  if not low then return top, 0 end
  if one.reckoned + one.share < WHOLE then return top, one.share end
  return after or low, one.share - WHOLE
end

-- Whether such a start may be this worker's. Those who wait for the same priority share it evenly, and
-- where there are fewer slots than workers they take turns.
local function is_mine(one, level, parallelism, holds, freed)
  if (one.mine[level] or 0) == 0 then return false end
  if parallelism == 0 or (one.theirs[level] or 0) == 0 then return true end
  if freed > 0 and parallelism <= one.rivals[level] then return false end
  return holds < math.ceil(parallelism / (one.rivals[level] + 1))
end

local function reckon(one, level, change)
  one.reckoned = one.reckoned + change
  if change < 0 then one.turn = level end
end

-- It is kept for another worker.
local function keep(one, level, change)
  reckon(one, level, change)
  one.theirs[level] = one.theirs[level] - 1
  one.kept = one.kept + 1
  if change < 0 then one.kept_low = one.kept_low + 1 end
end

-- It is begun here.
local function take(one, level, change)
  reckon(one, level, change)
  one.taken = one.taken + 1
  one.owed = one.owed + change
  if change < 0 then one.last = level end
end

local function remember(one)
  if one.taken > 0 then
    -- No more is saved up than somebody may take, and none is taken far ahead.
    local owed = math.max(-WHOLE, math.min(one.owed, (one.kept_low + 1) * WHOLE))
    redis.call('SET', one.key, string.format('%.0f %d', owed, one.last), 'PX', 60000)
  end
end
