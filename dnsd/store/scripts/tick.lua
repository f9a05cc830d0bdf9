-- One second of the registry's clock: compare and set, so that any number of replicas make one second a second.
-- Own: [6] the tick that the caller last saw, or "" to look only; [7] the history that the caller knows.
-- Returns {advanced: 1 or 0, tick, history, number of leases, tick since which self-preservation is on or 0,
--   leases that are due and held}.
local refused = refusal()
if refused then
  return refused
end
establish() -- looking as well: a history without an epoch would be another one a moment later
local stands, leases = history(), redis.call('ZCARD', LEASES)
local guard = redis.call('HMGET', GUARD, 'since', 'held')
local since, held = guard[1] or '0', guard[2] or '0'

if ARGV[OWN] ~= whole(tick) or ARGV[OWN + 1] ~= stands then
  return {0, whole(tick), stands, leases, since, held}
end
redis.call('HSET', META, 'tick', whole(tick + 1))
return {1, whole(tick + 1), stands, leases, since, held}
