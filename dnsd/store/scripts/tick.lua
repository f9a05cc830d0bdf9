-- One second of the registry's clock: compare and set, so that any number of replicas make one second a second.
-- Own: [6] the tick that the caller last saw, or "" to look only; [7] the history that the caller knows.
-- The history (run id, replication id, epoch) is read in the same step: a tick that was planned by what an earlier
-- server said must not fall on another.
-- Returns {advanced: 1 or 0, tick, history, number of leases}.
local server = redis.call('INFO', 'server')
local replication = redis.call('INFO', 'replication')
local history = (string.match(server, 'run_id:(%w+)') or '') .. ' '
  .. (string.match(replication, 'master_replid:(%w+)') or '') .. ' ' .. epoch
local leases = redis.call('ZCARD', LEASES)

if ARGV[OWN] ~= whole(tick) or ARGV[OWN + 1] ~= history then
  return {0, whole(tick), history, leases}
end
local refused = refusal()
if refused then
  return refused
end
establish()
redis.call('HSET', META, 'tick', whole(tick + 1))
return {1, whole(tick + 1), history, leases}
