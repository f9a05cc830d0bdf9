-- Who may do what, and what was done beside the changes of the registry.
--
-- Own:
--   verb    put | remove | refill (put all back that a store has lost) | note (audit alone)
--   what    for the audit
--   number  of refill: the version that is put back, nothing when the store has a later one; else ""
--   then    put: id, text; remove: id; refill: id, text, ...; note: nothing
-- Returns {"1" when it was done, the version then}. A version is a number and a random id: two that were made after a
-- lossy failover under one number differ.
local refused = refusal()
if refused then
  return refused
end

local verb, what, at = ARGV[OWN], ARGV[OWN + 1], OWN + 3
local version = redis.call('HGET', META, 'tokens') or ''
local number = tonumber(string.match(version, '^%d+') or '0')

if verb == 'remove' and not redis.call('HGET', TOKENS, ARGV[at]) then
  return {'0', version}
elseif verb == 'refill' and number >= tonumber(ARGV[OWN + 2]) then
  return {'0', version}
end

-- FLOOR is the number that the writer's mirror knows: one that a lossy failover took away is not used again.
local function renew(least)
  version = whole(math.max(number, FLOOR, least) + 1) .. ' ' .. NEW_EPOCH
  redis.call('HSET', META, 'tokens', version)
end

if verb ~= 'note' then
  renew(verb == 'refill' and tonumber(ARGV[OWN + 2]) or 0)
end
establish()
if verb == 'put' then
  redis.call('HSET', TOKENS, ARGV[at], ARGV[at + 1])
elseif verb == 'remove' then
  redis.call('HDEL', TOKENS, ARGV[at])
elseif verb == 'refill' then
  redis.call('DEL', TOKENS)
  for field = at, #ARGV, 2 do
    redis.call('HSET', TOKENS, ARGV[field], ARGV[field + 1])
  end
end
audit(revision, what)
return {'1', version}
