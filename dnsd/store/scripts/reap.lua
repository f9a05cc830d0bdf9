-- Remove endpoints whose lease ran out: one revision and one stream entry for so many at once.
-- Own: [6] the tick up to which leases are due, however late this arrives; [7] the history in which they are;
-- [8] the most to remove at once.
-- What expires leaves no tombstone. Returns {removed, revision, more: 1 when more are due}.
local REPLICA_TICKS = 600
local refused = refusal()
if refused then
  return refused
end
if ARGV[OWN + 1] ~= history() then
  return {0, whole(revision), 0}
end
local limit, most = math.min(tonumber(ARGV[OWN]), tick), tonumber(ARGV[OWN + 2])

-- First: what is due. Whatever decides that a due lease is kept for now takes it out of this list.
local function due()
  return redis.call('ZRANGEBYSCORE', LEASES, '-inf', whole(limit), 'LIMIT', 0, most)
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

local members = due()
if #members > 0 then
  remove(members, removal_of(members))
end
forget_the_past()
return {#members, whole(revision), #members == most and 1 or 0}
