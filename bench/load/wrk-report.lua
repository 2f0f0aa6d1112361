-- Prints what wrk counted as one line of JSON. REMORA_BENCH_PATHS > 1 spreads the requests
-- over that many paths (/r0/items, /r1/items, ...), rendered once, in a shuffled order.
local count = tonumber(os.getenv("REMORA_BENCH_PATHS") or "0")
local requests = {}
local at = 0

init = function(args)
  if count < 2 then return end
  math.randomseed(7)
  for i = 1, count do requests[i] = wrk.format("GET", "/r" .. (i - 1) .. "/items") end
  for i = count, 2, -1 do
    local j = math.random(i)
    requests[i], requests[j] = requests[j], requests[i]
  end
  request = function()
    at = at % count + 1
    return requests[at]
  end
end

done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\n{"answered":%d,"failed":%d,"seconds":%.6f,"p50Us":%d,"p99Us":%d}\n',
    summary.requests, e.status + e.connect + e.read + e.write + e.timeout,
    summary.duration / 1e6, latency:percentile(50), latency:percentile(99)))
end
