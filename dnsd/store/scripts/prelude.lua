-- What every script begins with: names for the keys, the words of a line, the next revision.
--
-- ARGV[1] a new random id, taken as the epoch when the store has none
-- ARGV[2] the schema number of the writer
-- ARGV[3] the revision of the writer's mirror (the floor)
-- ARGV[4] how many stream entries are kept, about
-- ARGV[5] "1" when the reply waits for copies: then there must be a write to wait for. (Valkey's WAIT on a connection
--         that wrote nothing counts every replica as up to date; Redis 7.0 asks them all the same.)
-- ARGV[6] who asks, as text for the audit; "" when nobody does (a lease that ran out, a record written back)
-- The script's own arguments follow.
--
-- Invariant: everything is read and checked before the first write, and XADD, the one write that may refuse, is first.
local META, SERVICES, ENDPOINTS, LEASES = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local MEMBERS, TOMBSTONES, CHANGES, REPLICAS, GUARD = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local NEW_EPOCH, SCHEMA, FLOOR = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local TOKENS, AUDIT = KEYS[10], KEYS[11]
local CHANGES_KEPT, WAITS, AUTHOR = ARGV[4], ARGV[5] == '1', ARGV[6]
local OWN = 7

local REVISION_LEAP = 1000
local TOMBSTONE_TICKS = 600
local AUDIT_KEPT = 10000

-- Lua prints large numbers as 1e+15; a revision must stay a whole one.
local function whole(number)
  return string.format('%.0f', number)
end

local meta = redis.call('HMGET', META, 'epoch', 'revision', 'tick', 'schema')
local epoch = meta[1] or NEW_EPOCH
local revision = tonumber(meta[2] or '0')
local tick = tonumber(meta[3] or '0')
if not meta[2] then -- the counter was lost: the stream still knows, and takes no smaller id
  local newest = redis.call('XREVRANGE', CHANGES, '+', '-', 'COUNT', 1)
  revision = newest[1] and tonumber(string.match(newest[1][1], '^%d+')) or 0
end

-- Why this store must not be written, or nil. A newer dnsd may have laid it out otherwise; a stranger's keys of
-- another type would fail a script in its middle.
local function refusal()
  if tonumber(meta[4] or '0') > SCHEMA then
    return redis.error_reply('NEWERSCHEMA the store has schema ' .. meta[4] .. ', this dnsd writes ' .. ARGV[2])
  end
  local types = {'hash', 'hash', 'hash', 'zset', 'zset', 'zset', 'stream', 'hash', 'hash', 'hash', 'stream'}
  for index, key in ipairs(KEYS) do
    local found = redis.call('TYPE', key)['ok']
    if found ~= 'none' and found ~= types[index] then
      return redis.error_reply('WRONGTYPE ' .. key .. ' is a ' .. found .. ', not a ' .. types[index])
    end
  end
end

-- Give a store that has none its epoch and schema, and count waiting writers where there is nothing else to wait for.
local function establish()
  if not meta[1] or not meta[4] then
    redis.call('HSETNX', META, 'epoch', epoch)
    redis.call('HSETNX', META, 'schema', whole(SCHEMA))
  end
  if WAITS then
    redis.call('HINCRBY', META, 'waited', 1)
  end
end

-- A revision is never used twice: a master that came back with less than our mirror knows leaps above it.
local function base_revision()
  return FLOOR > revision and FLOOR + REVISION_LEAP or revision
end

-- Append one change, as pairs of field and value, under this revision. The first write of a script.
local function append(number, fields)
  redis.call('XADD', CHANGES, 'MAXLEN', '~', CHANGES_KEPT, whole(number) .. '-0', unpack(fields))
  redis.call('HSET', META, 'revision', whole(number))
end

-- Append what was done to the audit, in the same step as it is done.
local function audit(number, what)
  if AUTHOR ~= '' then
    redis.call('XADD', AUDIT, 'MAXLEN', '~', AUDIT_KEPT, '*', 'revision', whole(number), 'what', what, 'by', AUTHOR)
  end
end

-- The words of a line; of one that is no line of ours, words that match nothing (such an object has no revision).
local function read_line(line)
  if not line then
    return nil
  end
  local of, since, lease, flag, at = string.match(line, '^(%d+) (%d+) (%d+) (%S) ()')
  if not of then
    return {revision = '0', generation = '0', lease = '0', flag = '?', text = '', line = line}
  end
  return {revision = of, generation = since, lease = lease, flag = flag, text = string.sub(line, at), line = line}
end

-- What a flag says: drained by an operator, failing its health check.
local function is_draining(flag)
  return flag == 'x' or flag == 'f'
end

local function is_failing(flag)
  return string.find('rtncsp', flag, 1, true) ~= nil
end

local function is_tombstoned(member)
  local lapses = redis.call('ZSCORE', TOMBSTONES, member)
  return lapses and tonumber(lapses) > tick
end

local function service_of(member)
  return string.match(member, '^([^/]*/[^/]*)')
end

-- The endpoints of a service stand between "ns/svc/" and "ns/svc0" (0 is the character after /).
local function count_members(service)
  return redis.call('ZLEXCOUNT', MEMBERS, '[' .. service .. '/', '(' .. service .. '0')
end

-- Which server, data set and epoch this is. Read in the same step as what rests on it: a tick that was planned by what
-- an earlier server said must not fall on another.
local function history()
  local server, replication = redis.call('INFO', 'server'), redis.call('INFO', 'replication')
  return (string.match(server, 'run_id:(%w+)') or '') .. ' '
    .. (string.match(replication, 'master_replid:(%w+)') or '') .. ' ' .. epoch
end
