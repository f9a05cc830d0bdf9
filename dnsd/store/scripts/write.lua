-- Several writes as one change: all are checked, then all are applied, under one revision and one stream entry.
--
-- Own, eight words an operation, each object at most once and nothing below a service that is deleted:
--   verb      put | edit (must exist, leaves the lease running) | mark (its flag only, as marked says) | delete
--             | restore (put, but only where nothing stands and nothing was deleted of late; is never refused)
--   kind      service | endpoint
--   member    ns/svc | ns/svc/id
--   expected  "" | absent | the revision that must stand
--   lease     seconds, 0 for none; of a service: how many endpoints expiry leaves it
--   flag      see record.py
--   text      the document
--   implicit  for put endpoint: the document of the service, should it be unknown
-- Returns {"fault", index from 0, slug, revision that stands} or
--   {"ok", epoch, revision of the change or of the store,
--    outcome, line as it is now or was, seconds that the lease has or -1, ...}.
local refused = refusal()
if refused then
  return refused
end

local operations, put_services, counts = {}, {}, {}

local function fault(index, slug, stored)
  return {'fault', index, slug, stored and stored.revision or '0'}
end

-- The slug of what forbids the operation, or nil.
local function objection(op)
  if op.verb == 'restore' then
    return nil
  end
  if not op.stored then
    if op.verb == 'put' and (op.expected == '' or op.expected == 'absent') then
      return nil
    end
    return is_tombstoned(op.member) and 'gone' or op.verb == 'put' and 'precondition' or 'not-found'
  end
  if op.expected == 'absent' then
    return 'exists'
  end
  if op.stored.revision == '0' and (op.verb == 'edit' or op.verb == 'mark') then
    return 'not-found'
  end
  return op.expected ~= '' and op.expected ~= op.stored.revision and 'precondition' or nil
end

-- The flag after a mark: who drains is not failing, and what a drain says its end alone takes back, so with a failure.
local function marked(stands, asked)
  if asked == 'h' then
    return is_failing(stands) and '-' or stands
  elseif is_failing(asked) then
    return stands == '-' and asked or stands
  end
  return asked == '-' and is_failing(stands) and stands or asked
end

-- Put the operation's outcome into it, and what will stand.
local function plan(op)
  local stored = op.stored
  if op.verb == 'delete' then
    op.outcome = 'deleted'
    return
  end
  if op.verb == 'restore' and not stored and is_tombstoned(op.member) then
    op.outcome = 'skipped'
    return
  end
  if op.verb == 'mark' then
    op.lease, op.text, op.flag = stored.lease, stored.text, marked(stored.flag, op.flag)
  elseif op.verb == 'restore' and stored then
    op.lease, op.text, op.flag = stored.lease, stored.text, stored.flag
  end
  if op.flag == '=' then
    op.flag = stored and (is_draining(stored.flag) or is_failing(stored.flag)) and stored.flag or '-'
  end
  local is_equal = stored and stored.text == op.text and stored.lease == op.lease and stored.flag == op.flag
  if is_equal then
    op.outcome = op.verb == 'put' and op.kind == 'endpoint' and op.lease ~= '0' and 'renewed' or 'unchanged'
  else
    op.outcome = stored and 'changed' or 'created'
  end
  op.renews = op.lease ~= '0' and (not stored or op.verb == 'put' or stored.lease ~= op.lease)
end

for at = OWN, #ARGV, 8 do
  local op = {
    verb = ARGV[at], kind = ARGV[at + 1], member = ARGV[at + 2], expected = ARGV[at + 3],
    lease = ARGV[at + 4], flag = ARGV[at + 5], text = ARGV[at + 6], implicit = ARGV[at + 7],
  }
  op.hash = op.kind == 'service' and SERVICES or ENDPOINTS
  op.service = service_of(op.member)
  op.stored = read_line(redis.call('HGET', op.hash, op.member))
  local slug = objection(op)
  if slug then
    return fault(#operations, slug, op.stored)
  end
  plan(op)
  operations[#operations + 1] = op
  if op.kind == 'service' then
    put_services[op.member] = op.outcome ~= 'skipped' and op or nil
  elseif op.outcome == 'created' or op.outcome == 'deleted' then
    counts[op.service] = (counts[op.service] or 0) + (op.outcome == 'created' and 1 or -1)
  end
end

-- A service that a new endpoint declares, and one that goes with its last: operations that nobody sent.
local implied = {}
local function imply(op)
  implied[#implied + 1] = op
  put_services[op.member] = op
end
for _, op in ipairs(operations) do
  local known = put_services[op.service]
  if op.kind == 'endpoint' and not known then
    local stored = read_line(redis.call('HGET', SERVICES, op.service))
    if op.outcome == 'created' and not stored then
      imply({kind = 'service', member = op.service, hash = SERVICES, outcome = 'created',
             lease = '0', flag = 'i', text = op.implicit, service = op.service})
    elseif op.outcome == 'deleted' and stored and stored.flag == 'i'
        and count_members(op.service) + counts[op.service] == 0 then
      imply({kind = 'service', member = op.service, hash = SERVICES, outcome = 'deleted', is_silent = true,
             service = op.service, stored = stored})
    end
  end
end

local fields, new = {}, base_revision() + 1
local function add_fields(op)
  if op.outcome == 'created' or op.outcome == 'changed' then
    local is_new = op.outcome == 'created' or op.stored.revision == '0'
    local since = is_new and whole(new) or op.stored.generation
    op.line = whole(new) .. ' ' .. since .. ' ' .. op.lease .. ' ' .. op.flag .. ' ' .. op.text
    fields[#fields + 1] = '+' .. op.kind .. ' ' .. op.member
    fields[#fields + 1] = op.line
  elseif op.outcome == 'deleted' then
    fields[#fields + 1] = '-' .. op.kind .. ' ' .. op.member
    fields[#fields + 1] = 'deleted'
  end
end
for _, op in ipairs(implied) do
  add_fields(op)
end
for _, op in ipairs(operations) do
  add_fields(op)
end

-- "changed endpoint ns/svc/id; ...": what became of the operations, the first hundred by their names.
local TOLD_MOST = 100
local function told()
  local words, more = {}, 0
  for _, op in ipairs(operations) do
    if op.line or op.outcome == 'deleted' then
      if #words < TOLD_MOST then
        words[#words + 1] = op.outcome .. ' ' .. op.kind .. ' ' .. op.member
      else
        more = more + 1
      end
    end
  end
  return table.concat(words, '; ') .. (more > 0 and '; and ' .. more .. ' more' or '')
end

if #fields > 0 then
  append(new, fields)
  revision = new
  audit(revision, told())
elseif base_revision() > revision then
  revision = base_revision()
  redis.call('HSET', META, 'revision', whole(revision))
end
establish()

local function bury(member)
  redis.call('ZADD', TOMBSTONES, whole(tick + TOMBSTONE_TICKS), member)
end

local function forget_endpoint(member)
  redis.call('HINCRBY', META, 'removed', redis.call('HDEL', ENDPOINTS, member))
  redis.call('ZREM', LEASES, member)
  redis.call('ZREM', MEMBERS, member)
end

-- 1 for an endpoint that self-preservation would miss, 0 for one that it would not.
local function missed(endpoint)
  return endpoint.lease ~= '0' and not is_draining(endpoint.flag) and 1 or 0
end

-- Who leaves on purpose, drains or becomes permanent is not missed, until it is back.
local function part(number)
  if number ~= 0 then
    redis.call('HINCRBY', META, 'parted', number)
  end
end

local function forget(op)
  if op.kind == 'endpoint' then
    part(missed(op.stored))
    forget_endpoint(op.member)
  elseif op.is_silent then -- it goes with its last endpoint, which has an operation of its own
    redis.call('HDEL', SERVICES, op.member)
  else
    redis.call('HDEL', SERVICES, op.member)
    local members = redis.call('ZRANGEBYLEX', MEMBERS, '[' .. op.member .. '/', '(' .. op.member .. '0')
    local leaving = 0
    for _, member in ipairs(members) do
      local stored = read_line(redis.call('HGET', ENDPOINTS, member))
      leaving = leaving + (stored and missed(stored) or 0)
      forget_endpoint(member)
      bury(member)
    end
    part(leaving)
  end
  if not op.is_silent then
    bury(op.member)
  end
end

local function keep_lease(op)
  redis.call('ZADD', MEMBERS, 0, op.member)
  if op.lease == '0' then
    redis.call('ZREM', LEASES, op.member)
  elseif op.renews then
    redis.call('ZADD', LEASES, whole(tick + tonumber(op.lease) + 1), op.member)
    op.remaining = op.lease
  else
    op.remaining = whole((redis.call('ZSCORE', LEASES, op.member) or tick) - tick - 1)
  end
end

local function keep(op)
  if op.line then
    redis.call('HSET', op.hash, op.member, op.line)
    redis.call('ZREM', TOMBSTONES, op.member)
  end
  if op.kind == 'endpoint' then
    if op.outcome == 'changed' then
      part(missed(op.stored) - missed(op))
    end
    keep_lease(op)
  end
end

local reply = {'ok', epoch, whole(revision)}
for _, op in ipairs(implied) do
  if op.outcome == 'deleted' then forget(op) else keep(op) end
end
for _, op in ipairs(operations) do
  if op.outcome == 'deleted' then forget(op) elseif op.outcome ~= 'skipped' then keep(op) end
  reply[#reply + 1] = op.outcome
  reply[#reply + 1] = op.line or op.stored and op.stored.line or ''
  reply[#reply + 1] = op.remaining or '-1'
end
return reply
