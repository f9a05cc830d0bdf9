-- Remove endpoints whose lease ran out: one revision and one stream entry for so many at once.
-- Own: [6] the tick up to which leases are due, however late this arrives; [7] the history in which they are;
-- [8] the most to remove at once.
-- What expires leaves no tombstone. Returns {removed, revision, more: 1 when more may go}.
local REPLICA_TICKS = 600
local refused = refusal()
if refused then
  return refused
end
if ARGV[OWN + 1] ~= history() then
  return {0, whole(revision), 0}
end
local limit, most = math.min(tonumber(ARGV[OWN]), tick), tonumber(ARGV[OWN + 2])

-- First: what is due, and what of it goes now. Self-preservation (faults.md 5) is decided here and from what the store
-- knows, so that no replica has an opinion of its own. GUARD holds: samples ("tick:live:parted;" of the last WINDOW),
-- since, base, parted, released, ok, let (while it is on), held, from (so many of the oldest due were looked at and are
-- kept), keeping and kept (how many of these for good: so far, and when last all were looked at), and s:ns/svc ("tick
-- expired most" of a service of late).
local WINDOW, ENOUGH, FEWER_LEAST = 15, 0.85, 5
local SLOW_AFTER, SLOW_EVERY, SLOW_SHARE = 900, 10, 0.01
local LOOKED_AT_MOST, AILING_LOOKED_AT = 2000, 200
local FIELDS_AT_ONCE = 1000

local state = {}
do
  local flat = redis.call('HGETALL', GUARD)
  for at = 1, #flat, 2 do
    state[flat[at]] = flat[at + 1]
  end
end
local parted = tonumber(redis.call('HGET', META, 'parted') or '0')
local leases = redis.call('ZCARD', LEASES)
local live = leases - redis.call('ZCOUNT', LEASES, '-inf', whole(limit))

-- The live leases one window ago, less those that left on purpose since; takes the present ones into the samples.
local function expected()
  local kept, base = {}, nil
  for at, number, left in string.gmatch(state.samples or '', '(%d+):(%d+):(-?%d+);') do
    if tonumber(at) >= tick - WINDOW and tonumber(at) < tick then
      base = base or tonumber(number) - math.max(0, parted - tonumber(left))
      kept[#kept + 1] = at .. ':' .. number .. ':' .. left .. ';'
    end
  end
  kept[#kept + 1] = whole(tick) .. ':' .. whole(live) .. ':' .. whole(parted) .. ';'
  state.samples = table.concat(kept)
  return base or 0
end

-- Turn the guard on or off. How many may go while it is on: none, and after SLOW_AFTER a share each SLOW_EVERY ticks. It
-- ends when for one window renewals are back, or, so that it never lasts for ever, all are let go but the last share:
-- who expired before it went on, or is kept for good, is missed and will never be released.
local function budget()
  local wanted = expected()
  if not state.since then
    if live < ENOUGH * wanted and wanted - live >= FEWER_LEAST then
      state.since, state.base, state.parted = whole(tick), whole(wanted), whole(parted)
      state.released, state.let, state.ok = '0', whole(tick), nil
      return 0
    end
    return most
  end
  wanted = tonumber(state.base) - math.max(0, parted - tonumber(state.parted)) - tonumber(state.released)
  local is_slow, share = tick - tonumber(state.since) >= SLOW_AFTER, math.ceil(tonumber(state.base) * SLOW_SHARE)
  local waiting = leases - live - tonumber(state.kept or '0')
  local is_well = live >= ENOUGH * wanted or (is_slow and waiting <= share)
  state.ok = is_well and (state.ok or whole(tick)) or nil
  if state.ok and tick - tonumber(state.ok) >= WINDOW then
    for _, field in ipairs({'since', 'base', 'parted', 'released', 'let', 'ok'}) do
      state[field] = nil
    end
    return most
  end
  if is_slow and tick - tonumber(state.let) >= SLOW_EVERY then
    state.let = whole(tick)
    return math.min(most, share)
  end
  return 0
end

-- True when many leases are in their last third: two renewals were missed, so heartbeats at large seem to be lost.
local function is_ailing()
  local nearest = redis.call('ZRANGE', LEASES, 0, AILING_LOOKED_AT - 1, 'WITHSCORES')
  local ailing, looked = 0, #nearest / 2
  for at = 1, #nearest, 2 do
    local stored = read_line(redis.call('HGET', ENDPOINTS, nearest[at]))
    if stored and (tonumber(nearest[at + 1]) - tick) * 3 < tonumber(stored.lease) then
      ailing = ailing + 1
    end
  end
  local many = (1 - ENOUGH) * (looked < AILING_LOOKED_AT and leases or looked)
  return ailing >= FEWER_LEAST and ailing > many
end

local function remember_service(service)
  state['s:' .. service.name] = service.since .. ' ' .. whole(service.gone) .. ' ' .. whole(service.most)
end

-- How far each service with due endpoints may shrink: {endpoints now, the least it keeps, is held whole}.
local function services_of(due)
  local services = {}
  for at = 1, #due, 2 do
    local name = service_of(due[at])
    local service = services[name]
    if not service then
      local stored = read_line(redis.call('HGET', SERVICES, name))
      local since, gone, most_of_late = string.match(state['s:' .. name] or '', '^(%d+) (%d+) (%d+)$')
      if not since or tonumber(since) < tick - WINDOW then
        since, gone, most_of_late = whole(tick), '0', '0'
      end
      local total = count_members(name)
      service = {name = name, total = total, due = 0, since = since, gone = tonumber(gone)}
      service.most = math.max(tonumber(most_of_late), total)
      service.least = stored and tonumber(stored.lease) or 0
      services[name] = service
    end
    service.due = service.due + 1
  end
  for _, service in pairs(services) do
    -- What expired and came back counts once; what left on purpose does not count.
    local base = math.min(service.total + service.gone, service.most)
    service.is_held = base >= 3 and (service.total - service.due) * 2 < base
    if service.is_held then -- what it had is remembered as long as it lacks the half of it
      service.since = whole(tick)
      remember_service(service)
    end
  end
  return services
end

-- How many are due in these services and never go, because min_kept says so.
local function count_kept(services)
  local kept = 0
  for _, service in pairs(services) do
    kept = kept + (service.total <= service.least and service.due or 0)
  end
  return kept
end

-- What goes now, and whether a later look may find more: leases that are kept must not hide those that are due behind.
local function due()
  local from = state.from or '0'
  local found = redis.call('ZRANGEBYSCORE', LEASES, '-inf', whole(limit), 'WITHSCORES', 'LIMIT', from, LOOKED_AT_MOST)
  local room, services, members, ailing = budget(), services_of(found), {}, nil
  local taken = {}
  for _, takes_last in ipairs({false, true}) do
    for at = 1, #found, 2 do
      local member, overdue = found[at], tick - tonumber(found[at + 1])
      local service = services[service_of(member)]
      local is_last = service.total <= 1
      local may_go = #members < room and not taken[member] and service.total > service.least
        and (not service.is_held or overdue >= SLOW_AFTER) and is_last == takes_last
      if may_go and is_last and not state.since and overdue < WINDOW then
        if ailing == nil then
          ailing = is_ailing()
        end
        may_go = not ailing
      end
      if may_go then
        members[#members + 1], taken[member] = member, true
        service.total, service.due, service.gone = service.total - 1, service.due - 1, service.gone + 1
        remember_service(service)
      end
    end
    if state.since and #members > 0 then
      break -- while it is on, a service's last endpoint goes last
    end
  end
  if state.since then
    state.released = whole(tonumber(state.released) + #members)
  end
  state.held = whole(leases - live - #members)
  local is_full, has_more = #members == most, #found == 2 * LOOKED_AT_MOST
  if not is_full then
    local kept = count_kept(services) + (from ~= '0' and tonumber(state.keeping or '0') or 0)
    state.from = has_more and whole(tonumber(from) + LOOKED_AT_MOST - #members) or nil
    state[has_more and 'keeping' or 'kept'] = whole(kept)
  end
  return members, is_full or (has_more and room > 0)
end

-- Written last of all: XADD comes first, because it may refuse.
local function remember()
  local words = {}
  for field, text in pairs(state) do
    local since = string.sub(field, 1, 2) == 's:' and tonumber(string.match(text, '^%d+'))
    if not since or since >= tick - WINDOW then
      words[#words + 1] = field
      words[#words + 1] = text
    end
  end
  redis.call('DEL', GUARD)
  for at = 1, #words, 2 * FIELDS_AT_ONCE do -- Lua unpacks 8,000 at most: 4,000 services may lose endpoints at once
    redis.call('HSET', GUARD, unpack(words, at, math.min(at + 2 * FIELDS_AT_ONCE - 1, #words)))
  end
end

-- Second: the change that removes them, and the implicit services that go with their last endpoint.
local function removal_of(members)
  local fields, gone, services = {}, {}, {}
  for _, member in ipairs(members) do
    local service = service_of(member)
    gone[service] = (gone[service] or 0) + 1
    fields[#fields + 1] = '-endpoint ' .. member
    fields[#fields + 1] = 'expired'
  end
  for service, number in pairs(gone) do
    local stored = read_line(redis.call('HGET', SERVICES, service))
    if stored and stored.flag == 'i' and count_members(service) <= number then
      services[#services + 1] = service
      fields[#fields + 1] = '-service ' .. service
      fields[#fields + 1] = 'expired'
    end
  end
  return fields, services
end

-- Third: done in the same step, so that nobody can race.
local function remove(members, fields, services)
  revision = base_revision() + 1
  append(revision, fields)
  establish()
  redis.call('HINCRBY', META, 'removed', redis.call('HDEL', ENDPOINTS, unpack(members)))
  redis.call('ZREM', LEASES, unpack(members))
  redis.call('ZREM', MEMBERS, unpack(members))
  for _, service in ipairs(services) do
    redis.call('HDEL', SERVICES, service)
  end
end

local function forget_the_past()
  redis.call('ZREMRANGEBYSCORE', TOMBSTONES, '-inf', whole(tick))
  local replicas = redis.call('HGETALL', REPLICAS)
  for at = 1, #replicas, 2 do
    local reported = string.match(replicas[at + 1], '(%d+)$')
    if not reported or tonumber(reported) + REPLICA_TICKS < tick then
      redis.call('HDEL', REPLICAS, replicas[at])
    end
  end
end

local members, has_more = due()
if #members > 0 then
  remove(members, removal_of(members))
end
remember()
forget_the_past()
return {#members, whole(revision), has_more and 1 or 0}
