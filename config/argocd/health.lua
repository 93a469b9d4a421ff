-- The health of every kind of avs-operator.io, as its conditions say it. Argo CD takes an object that it has no check for as healthy from the
-- moment it exists. It gives a check the base functions and table, so nothing else is used here.
local hs = { status = "Progressing", message = "Waiting for the operator" }
local status = obj.status
-- What is said of another generation is said of another spec.
if status == nil or status.conditions == nil or status.observedGeneration ~= obj.metadata.generation then
  return hs
end
local conditions = {}
for _, condition in ipairs(status.conditions) do
  conditions[condition.type] = condition
end
local ready = conditions["Ready"]
if ready == nil then
  return hs
end
hs.message = ready.reason
if ready.message ~= nil and ready.message ~= "" then
  hs.message = ready.reason .. ": " .. ready.message
end
if conditions["Stalled"] ~= nil and conditions["Stalled"].status == "True" then
  hs.status = "Degraded" -- it needs an edit or a person
elseif ready.reason == "Suspended" or ready.reason == "Paused" then
  hs.status = "Suspended"
elseif ready.status == "True" then
  hs.status = "Healthy"
end
return hs
