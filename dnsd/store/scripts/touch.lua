-- A revision for what time alone has changed in the answers: the serial rises with it, and secondaries follow.
-- Own: [6] the revision at which the caller stands; when there is a later one, that one will do.
-- Returns the store's revision.
local refused = refusal()
if refused then
  return refused
end
if base_revision() == tonumber(ARGV[OWN]) then
  revision = revision + 1
  append(revision, {'=answers', 'time'}) -- no verb that a reader knows: an empty change
end
establish()
return whole(revision)
