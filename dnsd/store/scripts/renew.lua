-- Renew leases. Own: the members. Makes no revision and no stream entry.
-- Returns {tick, state of each}: the lease in seconds, or -1 permanent, -2 unknown, -3 deleted on purpose.
local refused = refusal()
if refused then
  return refused
end

local reply = {whole(tick)}
for at = OWN, #ARGV do
  local member = ARGV[at]
  local stored = read_line(redis.call('HGET', ENDPOINTS, member))
  if not stored then
    reply[#reply + 1] = is_tombstoned(member) and '-3' or '-2'
  elseif stored.lease == '0' then
    reply[#reply + 1] = '-1'
  else
    redis.call('ZADD', LEASES, whole(tick + tonumber(stored.lease) + 1), member)
    reply[#reply + 1] = stored.lease
  end
end
return reply
