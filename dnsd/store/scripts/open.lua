-- Meet the store: write what is written once, raise the revision to the floor, tell what is there.
-- Own: [6] a cookie secret, taken when the store has none.
local refused = refusal()
if not refused then
  establish()
  redis.call('HSETNX', META, 'cookie-secret', ARGV[OWN])
  if base_revision() > revision then
    revision = base_revision()
    redis.call('HSET', META, 'revision', whole(revision))
  end
end
return {epoch, whole(revision), whole(tick), meta[4] or whole(SCHEMA), redis.call('HGET', META, 'cookie-secret') or ARGV[OWN]}
